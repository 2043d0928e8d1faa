"""The candidate pairs of a document, block by block, so that memory does not grow with their number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Scope
from bifocal.lenses import ContextualOutput
from bifocal_gateway.units import Units

Ints = npt.NDArray[np.int64]

#: Pairs looked at together.
BLOCK_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some pairs of units that shared a window; `i` and `j` ``(k,)``, numbers of units, i < j."""

    i: Ints
    j: Ints


def count(n_candidates: int) -> int:
    """Pairs of any two among some candidates."""
    return n_candidates * (n_candidates - 1) // 2


def sentences_of(units: Units, sentence_starts: Sequence[int]) -> Ints:
    """Number of the sentence that each unit begins in ``(n_units,)``."""
    return np.searchsorted(sentence_starts, units.first, side="right") - 1


class CandidatePairs:
    """Pairs of units in the scope that shared a window whole, in order of the text.

    The rest of the pairs, which grow with the square of a long document, are only counted. `total` is how
    many there are here; `sentence` ``(n_units,)`` the sentence that each unit is in.
    """

    def __init__(self, units: Units, contextual: ContextualOutput, scope: Scope, sentence: Ints) -> None:
        reach = (contextual.first + contextual.width).astype(np.int64)[units.first]
        upto = np.searchsorted(units.end, reach, side="right")
        if scope is Scope.SENTENCE:
            upto = np.minimum(upto, np.searchsorted(sentence, sentence, side="right"))
        # Units after each one, up to the last that shared a window with it.
        self._partners = np.maximum(upto - np.arange(len(units)) - 1, 0)
        self.total = int(self._partners.sum())

    def __iter__(self) -> Iterator[Block]:
        partners, done = self._partners, 0
        while done < len(partners):
            room = BLOCK_PAIRS - partners[done]
            end = done + 1 + int(np.searchsorted(np.cumsum(partners[done + 1 :]), room))
            rows = np.arange(done, min(end, len(partners)))
            own = partners[rows]
            i = np.repeat(rows, own)
            step = np.arange(len(i)) - np.repeat(np.cumsum(own) - own, own)
            if len(i):
                yield Block(i=i, j=i + 1 + step)
            done = int(rows[-1]) + 1
