"""What one model says of some pairs, on the way into relations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.ranks import midranks
from bifocal_gateway.units import UnitAttention

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Row = dict[str, object]

#: Digits kept of every figure: the last one a float32 can stand for.
DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFigures:
    """A static model on pairs of units; every array ``(k,)``. Figures mean something where `known`."""

    cosine: Floats
    percentile: Floats
    known: Bools

    @classmethod
    def of(cls, output: StaticOutput, i: Ints, j: Ints) -> "StaticFigures":
        """`output` has units for words."""
        cosine, percentile = output.compare(i, j)
        return cls(cosine=cosine.astype(np.float64), percentile=percentile, known=output.comparable(i, j))

    def rows(self, ranks: Floats, kinds: Sequence[Row | None] | None = None) -> list[Row | None]:
        """Fields of a `StaticRelation` for each pair, None for an unknown word."""
        columns = zip(
            rounded(self.cosine),
            rounded(self.percentile),
            rounded(ranks),
            kinds or [None] * len(self.known),
            self.known.tolist(),
            strict=True,
        )
        return [
            {"cosine": cosine, "percentile": percentile, "rank": rank, "kind": kind} if known else None
            for cosine, percentile, rank, kind, known in columns
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextualFigures:
    """A contextual model on pairs of units; every array ``(k,)``. They mean something where `windows` do."""

    forward: Floats
    backward: Floats
    lift: Floats
    percentile: Floats
    windows: Ints

    @classmethod
    def of(cls, attention: UnitAttention, i: Ints, j: Ints) -> "ContextualFigures":
        """Of pairs that need not have shared a window."""
        windows = attention.times_seen(i, j)
        seen = np.flatnonzero(windows)
        columns = np.zeros((4, len(i)))
        columns[:, seen] = attention.compare(i[seen], j[seen])
        forward, backward, lift, percentile = columns
        return cls(forward=forward, backward=backward, lift=lift, percentile=percentile, windows=windows)

    def rows(self, ranks: Floats, without: Sequence[Row | None] | None = None) -> list[Row | None]:
        """Fields of a `ContextualRelation` for each pair, None for one that no window held."""
        columns = zip(
            *(rounded(one) for one in (self.forward, self.backward, self.lift, self.percentile, ranks)),
            without or [None] * len(self.windows),
            self.windows.tolist(),
            strict=True,
        )
        return [
            {
                "forward": forward,
                "backward": backward,
                "lift": lift,
                "percentile": percentile,
                "rank": rank,
                "windows": windows,
                "without": loss,
            }
            if windows
            else None
            for forward, backward, lift, percentile, rank, loss, windows in columns
        ]


def rank_among(values: Floats, sample: Floats) -> Floats:
    """Share of a document's pairs, or a sample of them ``(n,)``, that a lens puts lower; shapes ``(k,)``."""
    return midranks(values, sample) / max(len(sample), 1)


def rounded(values: npt.NDArray[np.floating]) -> list[float]:
    """Figures as reports hold them."""
    figures: list[float] = np.round(values, DIGITS).tolist()
    return figures
