"""The pairs of a document that are kept while blocks go by: for agreement, and for ranks."""

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Reason
from bifocal_gateway.merge.agreement import PlacedPairs, sampled_units
from bifocal_gateway.merge.verdicts import CODES, Judged

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Of more pairs every second, third … counts for the ranks.
_MOST_RANKED = 1_000_000
_SAME = CODES.index(Reason.SAME_WORD)


class SeenPairs:
    """Takes in blocks of judged pairs; keeps a bounded number, whatever the document's length.

    `n_pairs` is how many will come.
    """

    def __init__(self, n_units: int, n_pairs: int) -> None:
        self._sampled = sampled_units(n_units)
        self._step = max(1, -(-n_pairs // _MOST_RANKED))
        self._n = 0
        self._placed: list[PlacedPairs] = []
        self._ranked: list[tuple[Ints, Ints, Floats, Floats]] = []

    def add(self, judged: Judged) -> None:
        """Take in a block."""
        i, j = judged.block.i, judged.block.j
        here = np.flatnonzero(self._sampled[i] & self._sampled[j] & judged.known)
        self._placed.append(
            PlacedPairs(
                i=i[here],
                j=j[here],
                static=judged.static_percentile[here],
                contextual=judged.contextual_percentile[here],
                differ=judged.code[here] != _SAME,
            )
        )
        kept = np.flatnonzero(judged.comparable & ((np.arange(len(i)) + self._n) % self._step == 0))
        self._n += len(i)
        self._ranked.append(
            (i[kept], j[kept], judged.static_percentile[kept], judged.contextual_percentile[kept])
        )

    def placed(self) -> PlacedPairs:
        """Pairs of the units that agreement is measured on."""
        names = ("i", "j", "static", "contextual", "differ")
        empty = PlacedPairs(
            i=np.zeros(0, np.int64),
            j=np.zeros(0, np.int64),
            static=np.zeros(0),
            contextual=np.zeros(0),
            differ=np.zeros(0, np.bool_),
        )
        parts = [empty, *self._placed]
        return PlacedPairs(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        )

    def ranked(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Comparable pairs that ranks are counted among: units, static and contextual percentile ``(n,)``."""
        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
        i, j, static, contextual = (
            np.concatenate(column) for column in zip(empty, *self._ranked, strict=True)
        )
        return i, j, static, contextual
