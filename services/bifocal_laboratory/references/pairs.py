"""Mentions of one document paired with what stands before them within reach, and measured."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.references import FeatureScale
from bifocal_contextual.model import Transformer
from bifocal_laboratory.corpora import AnnotatedDocument, MentionKind
from bifocal_laboratory.references.features import END, START, Ints, SpanPairs, pair_features
from bifocal_laboratory.references.fit import Candidates
from bifocal_laboratory.references.strings import string_features
from bifocal_static.vectors import Vectors

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Bools = npt.NDArray[np.bool_]

#: Words between the heads of a mention and of its furthest candidate.
REACH_WORDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionPairs:
    """All pairs of a mention and an earlier one within reach, of one document.

    Shapes: `pairs` ``(n_pairs, 2)``, anaphor and antecedent, rising; `features` ``(n_pairs, n_columns)``
    float16: attention ``(blocks, 2, heads)`` flat, strings, and a last column for "nothing", zero here;
    `correct` ``(n_pairs,)``; `cosine` ``(n_pairs,)``, static, of the mentions' mean vectors; `kinds`
    ``(n_mentions,)``, rows of `KINDS`.
    """

    name: str
    pairs: Ints
    features: Halves
    correct: Bools
    cosine: Floats
    kinds: Ints

    @property
    def candidates(self) -> Candidates:
        """For fitting; includes anaphors without a right candidate, see `Candidates.only`."""
        return Candidates(features=self.features, item=self.pairs[:, 0], correct=self.correct)


KINDS = tuple(MentionKind)


def reachable(document: AnnotatedDocument, reach_words: int = REACH_WORDS) -> Ints:
    """Pairs of mentions whose heads differ and lie at most that far apart, ``(n_pairs, 2)``.

    The antecedent's head stands first. Ordered by anaphor, then by antecedent.
    """
    heads = np.array([mention.head for mention in document.mentions], dtype=np.int64)
    found = [np.zeros((0, 2), dtype=np.int64)]
    for number, head in enumerate(heads[1:], 1):
        before = np.flatnonzero((heads[:number] < head) & (head - heads[:number] <= reach_words))
        found.append(np.stack([np.full(len(before), number), before], axis=1))
    return np.concatenate(found)


def measured(
    document: AnnotatedDocument, pairs: Ints, attention: npt.NDArray[np.floating], vectors: Vectors
) -> MentionPairs:
    """Pairs with the features ``(n_pairs, blocks, 2, heads)`` or flat that were read for them."""
    mentions = document.mentions
    entities = np.unique([mention.entity for mention in mentions], return_inverse=True)[1]
    spans = np.array([(m.start, m.end, m.head) for m in mentions], dtype=np.int64).reshape(-1, 3)
    strings = string_features(document.words, mentions, pairs).astype(np.float16)
    flat = attention.reshape(len(pairs), math.prod(attention.shape[1:])).astype(np.float16)
    nothing = np.zeros((len(pairs), 1), dtype=np.float16)
    return MentionPairs(
        name=document.name,
        pairs=pairs,
        features=np.concatenate([flat, strings, nothing], axis=1),
        correct=entities[pairs[:, 0]] == entities[pairs[:, 1]] if len(pairs) else np.zeros(0, dtype=bool),
        cosine=cosines(vectors, document.words, spans, pairs),
        kinds=np.array([KINDS.index(mention.kind) for mention in mentions], dtype=np.int64),
    )


def mention_pairs(
    transformer: Transformer,
    vectors: Vectors,
    document: AnnotatedDocument,
    *,
    reach_words: int = REACH_WORDS,
    scale: FeatureScale | None = None,
) -> MentionPairs:
    """Read one document and measure its pairs."""
    pairs = reachable(document, reach_words)
    spans = np.array([(m.start, m.end, m.head) for m in document.mentions], dtype=np.int64).reshape(-1, 3)
    starts, ends = np.array(document.starts, dtype=np.int64), np.array(document.ends, dtype=np.int64)
    request = SpanPairs(spans=spans, pairs=pairs)
    (attention,) = pair_features(transformer, document.text, starts, ends, [request], scale=scale)
    return measured(document, pairs, attention, vectors)


def cosines(vectors: Vectors, words: tuple[str, ...], spans: Ints, pairs: Ints) -> Floats:
    """Cosine of the mean vectors of two spans, ``(n_pairs,)``; 0 where a span has no known word."""
    keys = [[key for word in words[span[START] : span[END]] if (key := vectors.key(word))] for span in spans]
    means = np.zeros((len(spans), vectors.keyed.vector_size), dtype=np.float32)
    for row, known in enumerate(keys):
        if known:
            means[row] = vectors.unit(known).mean(axis=0)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    means /= np.where(lengths == 0, 1, lengths)
    found: Floats = np.einsum("nd,nd->n", means[pairs[:, 0]], means[pairs[:, 1]])
    return found
