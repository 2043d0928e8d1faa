"""GAP items as pairs: the pronoun and its like with the places where the names stand.

A name stands for its other places in the text too, whole or in part (*Hamilton* of *Alice Hamilton*,
if the other name has no such word).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bifocal.text import Segmenter, is_candidate
from bifocal_contextual.catalogue.references import FeatureScale
from bifocal_contextual.model import Transformer
from bifocal_laboratory.corpora import GapItem
from bifocal_laboratory.references.features import HEAD, Ints, SpanPairs, pair_features
from bifocal_laboratory.references.pairs import Floats, Halves, cosines
from bifocal_laboratory.references.strings import STRING_FEATURES
from bifocal_static.vectors import Vectors

#: What a span is; the spans of an item begin with its pronoun and the places given for A and B.
A, B, OTHER, PRONOUN = 0, 1, 2, 3

LIKE: Final = {
    "feminine": frozenset(("she", "her", "hers", "herself")),
    "masculine": frozenset(("he", "him", "his", "himself")),
}
_POSSESSIVE = frozenset(("'s", "’s"))
#: Shortest word of a name that may stand for it.
_PART_CHARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePairs:
    """One GAP item, measured.

    Shapes: `words`; `spans` ``(n_spans, 3)``; `roles` ``(n_spans,)``; `pairs` ``(n_pairs, 2)``, a pronoun
    with a place or with another pronoun; `features` ``(n_pairs, n_columns)`` as in `MentionPairs`, without
    strings; `cosine` ``(n_pairs,)``.
    """

    item: GapItem
    words: tuple[str, ...]
    spans: Ints
    roles: Ints
    pairs: Ints
    features: Halves
    cosine: Floats


def aligned(item: GapItem, segmenter: Segmenter) -> tuple[tuple[str, ...], Ints, Ints, Ints, Ints]:
    """Words of an item, their bounds, and the spans and roles of its pronoun, names and other pronouns."""
    segmentation = segmenter.segment(item.text)
    starts, ends = segmentation.starts, segmentation.ends
    words = tuple(item.text[a:b] for a, b in zip(starts, ends, strict=True))

    def touched(offset: int, length: int) -> tuple[int, int]:
        first = int(np.searchsorted(ends, offset, side="right"))
        return first, max(first + 1, int(np.searchsorted(starts, offset + length, side="left")))

    pronoun = touched(item.pronoun_offset, len(item.pronoun))[0]
    names = ((A, item.a, item.a_offset), (B, item.b, item.b_offset))
    spans = [(pronoun, pronoun + 1, pronoun)]
    roles = [PRONOUN]
    given = [touched(offset, len(name)) for _, name, offset in names]
    used = {pronoun, *(word for span in given for word in range(*span))}
    for (role, _, _), (start, end) in zip(names, given, strict=True):
        spans.append((start, end, _name_head(words, start, end)))
        roles.append(role)
    for role, name, _ in names:
        for match in re.finditer(re.escape(name), item.text):
            start, end = touched(match.start(), len(name))
            if used.isdisjoint(range(start, end)):
                spans.append((start, end, _name_head(words, start, end)))
                roles.append(role)
                used.update(range(start, end))
    for role, word in _single_words(words, given, LIKE[item.gender]):
        if word not in used:
            spans.append((word, word + 1, word))
            roles.append(role)
            used.add(word)
    return words, starts, ends, np.array(spans, dtype=np.int64), np.array(roles, dtype=np.int64)


def _single_words(
    words: tuple[str, ...], given: list[tuple[int, int]], pronouns: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Words that are part of one name only, and pronouns of the same kind, with their roles."""
    a, b = ({w for w in words[s:e] if w[:1].isupper() and len(w) >= _PART_CHARS} for s, e in given)
    for role, parts in ((A, a - b), (B, b - a)):
        yield from ((role, number) for number, word in enumerate(words) if word in parts)
    yield from ((OTHER, number) for number, word in enumerate(words) if word.lower() in pronouns)


def _name_head(words: tuple[str, ...], start: int, end: int) -> int:
    """The last word of a name that is neither punctuation nor a possessive *'s*."""
    head = end - 1
    while head > start and (not is_candidate(words[head]) or words[head].lower() in _POSSESSIVE):
        head -= 1
    return head


def name_pairs(
    transformer: Transformer,
    vectors: Vectors,
    item: GapItem,
    segmenter: Segmenter,
    *,
    scale: FeatureScale | None = None,
) -> NamePairs:
    """Read one item and measure its pairs."""
    words, starts, ends, spans, roles = aligned(item, segmenter)
    rows, columns = np.flatnonzero(roles >= OTHER), np.flatnonzero(roles != PRONOUN)
    pairs = np.array([(i, j) for i in rows for j in columns if i != j], dtype=np.int64).reshape(-1, 2)
    (attention,) = pair_features(
        transformer, item.text, starts, ends, [SpanPairs(spans=spans, pairs=pairs)], scale=scale
    )
    return of_attention(item, words, spans, roles, pairs, attention, vectors)


def of_attention(
    item: GapItem,
    words: tuple[str, ...],
    spans: Ints,
    roles: Ints,
    pairs: Ints,
    attention: npt.NDArray[np.floating],
    vectors: Vectors,
) -> NamePairs:
    """Pairs with the features ``(n_pairs, blocks, 2, heads)`` or flat that were read for them."""
    flat = attention.reshape(len(pairs), math.prod(attention.shape[1:])).astype(np.float16)
    tail = np.zeros((len(pairs), len(STRING_FEATURES) + 1), dtype=np.float16)
    return NamePairs(
        item=item,
        words=words,
        spans=spans,
        roles=roles,
        pairs=pairs,
        features=np.concatenate([flat, tail], axis=1),
        cosine=cosines(vectors, words, spans, pairs),
    )


def distance_words(pairs: NamePairs, role: int) -> int:
    """Words between the pronoun and the place given for A or B."""
    return abs(int(pairs.spans[0, HEAD] - pairs.spans[1 + role, HEAD]))
