"""Cosines of random words and random phrases: the null that a pair's percentile is read from.

Cosines grow with frequency, so words are held against their like. A phrase, whose vector is the sum of its
words', is nearer to everything than a word is, the more the longer it is; so phrases are bands of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bifocal.lenses.quantiles import PROBABILITIES, quantiles
from bifocal.lenses.static import PairBackground
from bifocal.text import is_candidate

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: First rank of each frequency band, finer among the most frequent words: there a word differs from the next.
BAND_STARTS = np.array([0, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000])

#: Random pairs for each pair of bands; puts the 95th percentile within 0.2 points.
PAIRS = 20_000

#: Words that phrases are made of, the most frequent first.
PHRASE_WORDS = 100_000

#: Words, or phrases, that stand for a band: at random, where it has more.
_MOST_OF_A_BAND = 5_000

#: Most words of a random phrase; of those of three and more, half have three, a quarter four, and so on.
_LONGEST_PHRASE = 6


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


@dataclass(frozen=True, slots=True)
class _Band:
    """What stands for a band: vectors of unit length ``(n, dimensions)``, and which each is ``(n,)``."""

    vectors: Floats
    identity: Ints


def pair_background(
    vectors: Vocabulary, *, words: Sequence[str] | None = None, pairs: int = PAIRS
) -> PairBackground:
    """Measure the null of a model: `pairs` pairs of different members for each two bands.

    `words` are the vocabulary's by rank; those that are punctuation stand for nothing, since they are no end
    of a pair. Without them all are taken to be words. The seed is fixed, so that a model has one null.
    """
    random = np.random.default_rng(20170706)
    bands = [*_word_bands(vectors, words, random), *_phrase_bands(vectors, words, random)]
    n_bands = len(bands)
    table = np.zeros((n_bands, n_bands, len(PROBABILITIES)), dtype=np.float32)
    for i, left in enumerate(bands):
        for j, right in enumerate(bands[i:], i):
            table[i, j] = table[j, i] = _random_cosines(left, right, random, pairs)
    return PairBackground(cosine_quantiles=table.reshape(n_bands**2, -1), n_bands=n_bands)


def _word_bands(vectors: Vocabulary, words: Sequence[str] | None, random: np.random.Generator) -> list[_Band]:
    """The frequency bands; a small vocabulary's last two words stand for those that it does not reach."""
    starts = BAND_STARTS.clip(max=max(len(vectors) - 2, 0))
    ends = np.append(BAND_STARTS[1:], len(vectors)).clip(min=starts + 2, max=len(vectors))
    bands = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        ranks = np.arange(start, end)
        if len(ranks) > _MOST_OF_A_BAND:
            ranks = random.choice(ranks, _MOST_OF_A_BAND, replace=False)
        ranks = _candidates(ranks, words)
        bands.append(_Band(vectors.unit_rows(ranks), ranks))
    return bands


def _phrase_bands(
    vectors: Vocabulary, words: Sequence[str] | None, random: np.random.Generator
) -> list[_Band]:
    """Phrases of two words, and of three and more."""
    length = np.full((2, _MOST_OF_A_BAND), 2)
    length[1] = np.minimum(random.geometric(0.5, _MOST_OF_A_BAND) + 2, _LONGEST_PHRASE)
    bands = []
    for own in length:
        ranks = _as_in_text(int(own.sum()), min(PHRASE_WORDS, len(vectors)), words, random)
        starts = np.cumsum(own) - own
        total = np.add.reduceat(vectors.unit_rows(ranks).astype(np.float64), starts)
        norms = np.linalg.norm(total, axis=1, keepdims=True)
        unit = (total / np.where(norms == 0, 1, norms)).astype(np.float32)
        bands.append(_Band(unit, -1 - np.arange(len(unit))))
    return bands


def _as_in_text(n: int, n_words: int, words: Sequence[str] | None, random: np.random.Generator) -> Ints:
    """Ranks of `n` words as a text would draw them, each as often as one over its rank (Zipf 1935)."""
    # Every fifth of a text's tokens is punctuation.
    drawn = np.exp(random.uniform(0, np.log(n_words + 1), 2 * n)).astype(np.int64) - 1
    return np.resize(_candidates(drawn, words), n)


def _candidates(ranks: Ints, words: Sequence[str] | None) -> Ints:
    """Those of some ranks whose words can be ends of a pair; all of them if fewer than two can."""
    if words is None:
        return ranks
    kept = ranks[np.array([is_candidate(words[rank]) for rank in ranks.tolist()], dtype=np.bool_)]
    return kept if len(kept) > 1 else ranks


def _random_cosines(left: _Band, right: _Band, random: np.random.Generator, pairs: int) -> Floats:
    a, b = random.integers(len(left.identity), size=pairs), random.integers(len(right.identity), size=pairs)
    different = left.identity[a] != right.identity[b]
    if not different.any():
        return np.zeros(len(PROBABILITIES), dtype=np.float32)
    return quantiles(np.einsum("kd,kd->k", left.vectors[a[different]], right.vectors[b[different]]))
