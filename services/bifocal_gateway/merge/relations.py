"""Judged pairs of one document, written as relations."""

import math

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Direction, Verdict
from bifocal.lenses import PairKinds
from bifocal_gateway.merge.figures import DIGITS, ContextualFigures, Row, StaticFigures, rank_among, rounded
from bifocal_gateway.merge.further import Further
from bifocal_gateway.merge.kinds import Audits, LikeliestKinds
from bifocal_gateway.merge.references import References
from bifocal_gateway.merge.verdicts import CODES, Judged
from bifocal_gateway.units import UnitAttention

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class RelationWriter:
    """Writes relations.

    Args:
        references: of the document's units.
        attention: of the first contextual model.
        kinds: of the same, where there are any.
        further: models behind the first ones.
        samples: static and contextual percentiles that ranks are counted among, ``(n,)`` each.
        sentence: number of each unit's sentence ``(n_units,)``.
    """

    def __init__(
        self,
        *,
        references: References,
        attention: UnitAttention,
        kinds: LikeliestKinds | None,
        further: Further,
        samples: tuple[Floats, Floats],
        sentence: Ints,
    ) -> None:
        self._references = references
        self._attention = attention
        self._kinds = kinds
        self._further = further
        self._samples = samples
        self._sentence = sentence
        audited = attention.output.audited
        self._audits = None if audited is None else Audits(audited, attention.units)

    def rows(self, judged: Judged | None, lexical: list[Row | None] | None = None) -> list[Row]:
        """Fields of a `Relation` for each judged pair, in order; `lexical` has the lexical kinds."""
        if judged is None:
            return []
        i, j = judged.block.i, judged.block.j
        first = self._attention.units.first
        columns = zip(
            i.tolist(),
            j.tolist(),
            (first[j] - first[i]).tolist(),
            (self._sentence[i] == self._sentence[j]).tolist(),
            self._static(judged, lexical),
            self._contextual(judged),
            self._further.rows(i, j),
            self._told_kinds(judged),
            [None if math.isnan(value) else value for value in rounded(judged.joint.astype(np.float64))],
            judged.code.tolist(),
            strict=True,
        )
        return [self._relation(*column) for column in columns]

    def _relation(
        self,
        i: int,
        j: int,
        distance: int,
        same_sentence: bool,
        static: Row | None,
        contextual: Row | None,
        further: Row | None,
        kind: Row | None,
        joint: float | None,
        code: int,
    ) -> Row:
        """Fields of a `Relation`."""
        verdict = CODES[code]
        comparable = isinstance(verdict, Verdict)
        return {
            "a": self._references.row(i),
            "b": self._references.row(j),
            "distance": distance,
            "same_sentence": same_sentence,
            "static": static,
            "contextual": contextual,
            "further": further,
            "kind": kind,
            "joint": joint,
            "verdict": verdict if comparable else Verdict.NOT_COMPARABLE,
            "reason": None if comparable else verdict,
        }

    def _static(self, judged: Judged, lexical: list[Row | None] | None) -> list[Row | None]:
        figures = StaticFigures(
            cosine=judged.cosine.astype(np.float64),
            percentile=judged.static_percentile,
            known=judged.known,
        )
        return figures.rows(rank_among(judged.static_percentile, self._samples[0]), lexical)

    def _contextual(self, judged: Judged) -> list[Row | None]:
        i, j = judged.block.i, judged.block.j
        figures = ContextualFigures(
            forward=judged.forward.astype(np.float64),
            backward=judged.backward.astype(np.float64),
            lift=judged.lift.astype(np.float64),
            percentile=judged.contextual_percentile,
            windows=self._attention.times_seen(i, j),
        )
        ranks = rank_among(judged.contextual_percentile, self._samples[1])
        return figures.rows(ranks, self._without(i, j))

    def _without(self, i: Ints, j: Ints) -> list[Row | None] | None:
        """What the words of each pair lose without each other, where that was measured."""
        if self._audits is None:
            return None
        return [
            None if losses is None else {"a": round(losses[0], DIGITS), "b": round(losses[1], DIGITS)}
            for losses in self._audits.find(i, j)
        ]

    def _told_kinds(self, judged: Judged) -> list[Row | None]:
        """The kind of each pair that has one."""
        told: list[Row | None] = [None] * len(judged.code)
        if self._kinds is None:
            return told
        kinds, names = self._kinds.kinds, self._kinds.names
        numbers = np.flatnonzero(judged.has_kind)
        places = judged.kind[numbers]
        forward = self._kinds.depends(places, judged.block.i[numbers])
        for number, place, is_forward in zip(
            numbers.tolist(), places.tolist(), forward.tolist(), strict=True
        ):
            told[number] = {
                "name": names[kinds.kind[place]],
                "direction": Direction.A_TO_B if is_forward else Direction.B_TO_A,
                "probability": round(float(kinds.probability[place]), DIGITS),
                "heads": _voices(kinds, place),
            }
        return told


def _voices(kinds: PairKinds, place: int) -> list[Row] | None:
    voices: list[Row] = [
        {"layer": layer, "head": head, "added": round(added, DIGITS)}
        for (layer, head), added in zip(
            kinds.voices[place].tolist(), kinds.voices_added[place].tolist(), strict=True
        )
    ]
    return voices or None
