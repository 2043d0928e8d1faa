"""Cosines of random vocabulary pairs: the null that a pair's percentile is read from."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from bifocal.lenses.quantiles import PROBABILITIES, quantiles
from bifocal.lenses.static import PairBackground

#: First rank of each frequency band. Cosines grow with frequency, so words are held against their like.
BAND_STARTS = np.array([0, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000])

#: Random pairs for each pair of bands; puts the 95th percentile within 0.2 points.
PAIRS = 20_000


class Vocabulary(Protocol):
    """Vectors of words by rank, the most frequent first."""

    def unit_rows(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Vectors of unit length, ``(len(rows), dimensions)``."""
        ...

    def __len__(self) -> int:
        """Words."""
        ...


def band_of(rank: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Frequency band of each rank; shapes ``(k,)``."""
    return (np.searchsorted(BAND_STARTS, rank, side="right") - 1).astype(np.int32)


def pair_background(vectors: Vocabulary, *, pairs: int = PAIRS) -> PairBackground:
    """Measure the null of a model: `pairs` pairs of different words for each two frequency bands.

    The seed is fixed, so that a model has one null.
    """
    random = np.random.default_rng(20170706)
    ends = np.append(BAND_STARTS[1:], np.iinfo(np.int64).max).clip(max=len(vectors))
    starts = BAND_STARTS.clip(max=max(len(vectors) - 2, 0))
    n_bands = len(BAND_STARTS)
    table = np.zeros((n_bands, n_bands, len(PROBABILITIES)), dtype=np.float32)
    for i in range(n_bands):
        for j in range(i, n_bands):
            table[i, j] = table[j, i] = _random_cosines(
                vectors,
                random,
                (starts[i], max(ends[i], starts[i] + 2)),
                (starts[j], max(ends[j], starts[j] + 2)),
                pairs,
            )
    return PairBackground(cosine_quantiles=table.reshape(n_bands**2, -1), n_bands=n_bands)


def _random_cosines(
    vectors: Vocabulary,
    random: np.random.Generator,
    left: tuple[int, int],
    right: tuple[int, int],
    pairs: int,
) -> npt.NDArray[np.float32]:
    last = len(vectors)
    a = random.integers(left[0], min(left[1], last), pairs)
    b = random.integers(right[0], min(right[1], last), pairs)
    a, b = a[a != b], b[a != b]
    if not len(a):
        return np.zeros(len(PROBABILITIES), dtype=np.float32)
    return quantiles(np.einsum("kd,kd->k", vectors.unit_rows(a), vectors.unit_rows(b)))
