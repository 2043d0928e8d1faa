"""Word pairs as the static lens marks them in documents."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses.pair_background import band_of, pair_background
from bifocal.text import is_candidate
from bifocal_laboratory.lexical.network import Ints
from bifocal_static.vectors import Vectors

#: Word types whose pairs with all others are looked at together.
_ROWS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPairs:
    """Pairs of different word types of one document, marked by the static lens.

    A pair counts once in each document. Shapes: `i`, `j`, `document` ``(n,)``; words by their number.
    """

    words: tuple[str, ...]
    i: Ints
    j: Ints
    document: Ints


def marked_pairs(
    vectors: Vectors, documents: Iterable[Sequence[str]], known: Collection[str], threshold: float
) -> MarkedPairs:
    """What the lens marks among the words that are `known`.

    Args:
        vectors: in the space that the lens compares them in.
        documents: words of each, as they stand.
        known: forms of the vocabulary.
        threshold: percentile from which on the lens marks a pair.
    """
    background = pair_background(vectors)
    words = sorted(known)
    number = {word: place for place, word in enumerate(words)}
    unit = vectors.unit(words)
    band = band_of(np.array([vectors.rank(word) for word in words], dtype=np.int64)).astype(np.int64)
    found: list[npt.NDArray[np.int64]] = [np.zeros((3, 0), dtype=np.int64)]
    for place, document in enumerate(documents):
        keys = {vectors.key(word) for word in document if is_candidate(word)}
        types = np.array(sorted(number[key] for key in keys if key in number), dtype=np.int64)
        for i, j in _every_two(types):
            cosine = np.einsum("nd,nd->n", unit[i], unit[j])
            marked = background.percentile(cosine, band[i], band[j]) >= threshold
            found.append(np.stack([i[marked], j[marked], np.full(int(marked.sum()), place)]))
    i, j, document_of = np.concatenate(found, axis=1)
    return MarkedPairs(words=tuple(words), i=i, j=j, document=document_of)


def _every_two(types: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Each two of them once, many at a time."""
    places = np.arange(len(types))
    for start in range(0, len(types), _ROWS):
        one, other = np.nonzero(places[start : start + _ROWS, None] < places)
        if len(one):
            yield types[start + one], types[other]
