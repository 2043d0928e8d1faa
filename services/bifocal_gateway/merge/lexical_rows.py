"""Lexical kinds on the way into relations: of pairs of words that the static lens marks."""

import numpy as np

from bifocal.contracts import Direction
from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.figures import DIGITS, Row
from bifocal_gateway.merge.lexical import NO_KIND, LexicalProbe
from bifocal_gateway.merge.verdicts import MARKED_BY_MEANING, Judged
from bifocal_gateway.units import Units

#: Kinds whose arrow goes from the first word to the second where the second is what the kind says of the
#: first; of the others, as of parts, it goes from what the kind says to the whole.
_TO_THE_SECOND = frozenset({"hypernym"})


def lexical_rows(
    probe: LexicalProbe, static: StaticOutput, units: Units, judged: Judged, least_probability: float
) -> list[Row | None]:
    """Fields of a `LexicalKind` for each pair that has one.

    `static` has units for words. Of runs of words nothing is told: the probe knows single ones.
    """
    told: list[Row | None] = [None] * len(judged.code)
    single = units.end - units.first == 1
    i, j = judged.block.i, judged.block.j
    asked = np.flatnonzero(np.isin(judged.code, MARKED_BY_MEANING) & single[i] & single[j])
    types = static.type_of_word.astype(np.int64)
    found = probe.tell(static.vectors, types[i[asked]], types[j[asked]], least_probability=least_probability)
    for place in np.flatnonzero(found.kind != NO_KIND).tolist():
        name = probe.kinds[found.kind[place]]
        told[asked[place]] = {
            "name": name,
            "direction": _direction(name, int(found.direction[place])),
            "probability": round(float(found.probability[place]), DIGITS),
        }
    return told


def _direction(name: str, direction: int) -> Direction | None:
    """From what is a kind or a part to what it is a kind or a part of."""
    if direction == 0:
        return None
    forward = (direction > 0) == (name in _TO_THE_SECOND)
    return Direction.A_TO_B if forward else Direction.B_TO_A
