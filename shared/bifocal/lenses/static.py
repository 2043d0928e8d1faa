"""The static lens's output: a vector for each word type, and the null to hold cosines against."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses.quantiles import Floats, percentiles

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairBackground:
    """Cosines of random pairs of words by their frequency, and of random phrases.

    The last two bands are phrases, of two known words and of three and more; those before are words, the
    most frequent first.

    Shape: `cosine_quantiles` ``(n_bands * n_bands, len(PROBABILITIES))``, row ``band_i * n_bands + band_j``.
    """

    cosine_quantiles: Floats
    n_bands: int

    def band_of_phrase(self, n_words: int) -> int:
        """Band of a phrase of `n_words` known words, two at least."""
        return self.n_bands - 2 if n_words == 2 else self.n_bands - 1

    def percentile(self, cosine: Floats, band_i: Ints, band_j: Ints) -> npt.NDArray[np.float64]:
        """Share of random pairs of words of like frequency, or of phrases, with a lower cosine.

        All shapes ``(k,)``.
        """
        return percentiles(cosine, self.cosine_quantiles, band_i * self.n_bands + band_j)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticOutput:
    """One document through the static lens.

    Every word has a type, punctuation too. A type may be a phrase, whose vector is the sum of its known
    words' vectors, of unit length again.

    Shapes: `type_of_word` ``(n_words,)``; `vectors` ``(n_types, dimensions)`` of unit length, zeros for
    an unknown word; `known` ``(n_types,)``; `band` ``(n_types,)``, the band of each type in `background`;
    `cased` ``(n_types,)``, whether the vocabulary has the type with capitals, as it is written, and so
    apart from the same word in lower case (no type, if it is not told).
    """

    type_of_word: npt.NDArray[np.int32]
    vectors: Floats
    known: npt.NDArray[np.bool_]
    band: npt.NDArray[np.int32]
    background: PairBackground
    cased: npt.NDArray[np.bool_] | None = None

    def same_type(self, i: Ints, j: Ints) -> npt.NDArray[np.bool_]:
        """Whether words `i` and `j` have the same form; shapes ``(k,)``."""
        same: npt.NDArray[np.bool_] = self.type_of_word[i] == self.type_of_word[j]
        return same

    def comparable(self, i: Ints, j: Ints) -> npt.NDArray[np.bool_]:
        """Whether there are vectors for words `i` and `j`; shapes ``(k,)``."""
        known: npt.NDArray[np.bool_] = self.known[self.type_of_word[i]] & self.known[self.type_of_word[j]]
        return known

    def compare(self, i: Ints, j: Ints) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Cosine and percentile of the pairs of words `i` and `j`; shapes ``(k,)``.

        Meaningless where `comparable` is false.
        """
        a, b = self.type_of_word[i], self.type_of_word[j]
        low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
        # Words come again and again, so there are far fewer pairs of types.
        pairs, place = np.unique(low * len(self.known) + high, return_inverse=True)
        low, high = pairs // max(len(self.known), 1), pairs % max(len(self.known), 1)
        cosine = _row_dots(self.vectors[low], self.vectors[high])
        band = self.band.astype(np.int64)
        percentile = self.background.percentile(cosine, band[low], band[high])
        return cosine[place], percentile[place]


def _row_dots(left: Floats, right: Floats) -> Floats:
    """Dot product of each row with its like ``(k,)``, the same to the last bit whatever else is asked for.

    Each pair is reduced alone: a matrix product may order its sums by the size of the matrix,
    and a verdict must not depend on the company a document keeps.
    """
    dots: Floats = np.clip(np.einsum("kd,kd->k", left, right), -1.0, 1.0).astype(np.float32)
    return dots
