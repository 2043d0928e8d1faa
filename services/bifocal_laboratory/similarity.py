"""How well cosines order word pairs as people do, before and after all-but-the-top."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from bifocal.lenses.isotropy import FITTED_WORDS, common_part, components_for
from bifocal_laboratory.corpora import WordPair
from bifocal_static.vectors import Vectors

Floats = npt.NDArray[np.float64]

#: Resamples of the pairs behind an interval, and the share of them that it holds.
RESAMPLES, CONFIDENCE = 1000, 0.95

_SEED = 20181016


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its bootstrap interval over pairs (percentiles of `RESAMPLES` resamples)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Spearman's correlation of cosines with ratings on one set of pairs."""

    pairs: int
    """Pairs that count."""
    left_out: int
    """Pairs with a word that is not in the vocabulary."""
    components: int
    """Directions that `processed` takes away."""
    raw: Estimate
    processed: Estimate
    """After all-but-the-top."""
    gain: Estimate
    """`processed` less `raw`, on the same resamples."""


def evaluate_similarity(
    vectors: Vectors,
    pairs: Sequence[WordPair],
    *,
    components: int | None = None,
    fitted_words: int | None = FITTED_WORDS,
) -> Similarity:
    """Hold the cosines of `pairs` against their ratings.

    `raw.value` is what gensim's ``evaluate_word_pairs`` gives with ``restrict_vocab=None``: case
    does not count (of forms that differ in case only the most frequent one is taken), and pairs with
    unknown words are left out. The seed is fixed, so that a set has one interval.

    Args:
        vectors: a vocabulary and its vectors.
        pairs: rated pairs; any scale.
        components: directions to take away; `bifocal.lenses.isotropy.components_for` says how many by itself.
        fitted_words: words that these are found over, the most frequent first; None for all.

    Raises:
        ValueError: fewer than two pairs are known, or all their ratings or cosines are equal.
    """
    ranks = _ranks(vectors, {word for pair in pairs for word in (pair.a, pair.b)})
    known = [pair for pair in pairs if pair.a.upper() in ranks and pair.b.upper() in ranks]
    if len(known) < 2:
        raise ValueError(
            f"of {len(pairs)} pairs {len(known)} are in the vocabulary of {vectors.name!r}; two are needed"
        )
    ratings = np.array([pair.rating for pair in known])
    matrix = vectors.keyed.vectors
    left, right = (
        matrix[[ranks[word.upper()] for word in words]]
        for words in zip(*((p.a, p.b) for p in known), strict=True)
    )
    components = components_for(matrix.shape[1]) if components is None else components
    common = common_part(matrix, components=components, words=fitted_words)
    raw_cosines = _cosines(left, right)
    processed_cosines = _cosines(common.remove_from(left), common.remove_from(right))
    # The first row is the set itself, the others are drawn from it.
    drawn = np.random.default_rng(_SEED).integers(len(known), size=(RESAMPLES, len(known)))
    rows = np.vstack([np.arange(len(known)), drawn])
    raw = _spearman(ratings[rows], raw_cosines[rows])
    processed = _spearman(ratings[rows], processed_cosines[rows])
    if np.isnan(raw[0]) or np.isnan(processed[0]):
        raise ValueError("all ratings or all cosines are equal; they have no order to compare")
    return Similarity(
        pairs=len(known),
        left_out=len(pairs) - len(known),
        components=components,
        raw=_estimate(raw),
        processed=_estimate(processed),
        gain=_estimate(processed - raw),
    )


def _ranks(vectors: Vectors, words: set[str]) -> dict[str, int]:
    """Vocabulary rank of each word in upper case, which is how gensim sets case aside."""
    wanted = {word.upper() for word in words}
    ranks: dict[str, int] = {}
    for rank, word in enumerate(vectors.keyed.index_to_key):
        if (folded := word.upper()) in wanted:
            ranks.setdefault(folded, rank)
    return ranks


def _cosines(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> Floats:
    """Cosines row by row, ``(n,)``; 0 where a vector is zero."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines: Floats = np.einsum("nd,nd->n", left, right) / np.where(lengths == 0, 1, lengths)
    return cosines


def _spearman(left: Floats, right: Floats) -> Floats:
    """Spearman's correlation of each two rows, shapes ``(k, n)`` to ``(k,)``; NaN where a row is constant."""
    left, right = rankdata(left, axis=1), rankdata(right, axis=1)
    left = left - left.mean(axis=1, keepdims=True)
    right = right - right.mean(axis=1, keepdims=True)
    lengths = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    correlations: Floats = (left * right).sum(axis=1) / np.where(lengths == 0, np.nan, lengths)
    return correlations


def _estimate(values: Floats) -> Estimate:
    """The first value, and the interval of the others; resamples without an order do not count."""
    outside = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(values[1:], [outside, 1 - outside])
    return Estimate(float(values[0]), float(low), float(high))
