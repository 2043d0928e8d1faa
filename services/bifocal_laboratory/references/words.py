"""Pronouns and all earlier words: what a text without marked mentions is read with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.text import is_candidate
from bifocal_contextual.catalogue.references import DIRECTIONS, WordsRanker
from bifocal_laboratory.corpora import AnnotatedDocument, MentionKind
from bifocal_laboratory.corpora.kinds import OTHER_PRONOUNS, THIRD_PERSON
from bifocal_laboratory.references.estimates import share_of
from bifocal_laboratory.references.features import Ints
from bifocal_laboratory.references.fit import Candidates
from bifocal_laboratory.references.names import A, B, NamePairs
from bifocal_laboratory.references.pairs import Floats, Halves, cosines
from bifocal_laboratory.references.rankers import Bools, Doubles, hits, probabilities_of, scores_of
from bifocal_static.vectors import Vectors

#: Furthest word that is a candidate, and the first distance of each bucket.
REACH_WORDS = 150
DISTANCE_EDGES = (1, 2, 4, 8, 16, 32, 64)

#: Words that no pronoun refers to.
PASSED_OVER = frozenset({
    "a", "an", "the", "and", "or", "but", "nor", "if", "as", "of", "in", "on", "at", "by", "for", "from",
    "with", "without", "to", "into", "upon", "over", "under", "about", "after", "before", "between",
    "through", "during", "than", "so", "not", "no", "yes", "is", "are", "was", "were", "be", "been",
    "being", "am", "has", "have", "had", "having", "do", "does", "did", "will", "would", "shall",
    "should", "can", "could", "may", "might", "must", "there", "here", "then", "when", "where", "while",
    "because", "very", "too", "also", "just", "only", "now", "never", "ever", "said", "n't", "'s", "’s",
    "'re", "'ve", "'ll", "'d", "'m",
})  # fmt: skip

_CLOSED = PASSED_OVER | THIRD_PERSON | OTHER_PRONOUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPairs:
    """Pronouns of one text and the earlier words within reach.

    Shapes: `pairs` ``(n_pairs, 2)``, pronoun and earlier word; `features` ``(n_pairs, n_columns)``
    float16: both directions of every head, the bucket of the distance, and a last column for "no word",
    zero here; `correct` ``(n_pairs,)``; `cosine` ``(n_pairs,)``; `noun` ``(n_pairs,)``, whether the word
    may be one.
    """

    pairs: Ints
    features: Halves
    correct: Bools
    cosine: Floats
    noun: Bools

    def candidates(self) -> Candidates:
        """For fitting: "no word" is a candidate of each pronoun, right where no word is."""
        items, inverse = np.unique(self.pairs[:, 0], return_inverse=True)
        none = np.zeros((len(items), self.features.shape[1]), dtype=np.float16)
        none[:, -1] = 1
        lost = np.bincount(inverse, weights=self.correct, minlength=len(items)) == 0
        return Candidates(
            features=np.concatenate([self.features, none]),
            item=np.concatenate([self.pairs[:, 0], items]),
            correct=np.concatenate([self.correct, lost]),
        )


def word_pairs(words: Sequence[str], reach_words: int = REACH_WORDS) -> Ints:
    """Every pronoun of the third person with the candidates within reach before it, ``(n_pairs, 2)``."""
    rows = [number for number, word in enumerate(words) if word.lower() in THIRD_PERSON]
    able = [is_candidate(word) and word.lower() not in PASSED_OVER for word in words]
    found = [(i, j) for i in rows for j in range(max(0, i - reach_words), i) if able[j]]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def measured_words(
    words: Sequence[str], pairs: Ints, attention: npt.NDArray[np.floating], correct: Bools, vectors: Vectors
) -> WordPairs:
    """Pairs with the features ``(n_pairs, 1, 2, heads)`` or flat that were read for them."""
    numbers = np.arange(len(words), dtype=np.int64)
    spans = np.stack([numbers, numbers + 1, numbers], axis=1)
    bucket = np.searchsorted(DISTANCE_EDGES, pairs[:, 0] - pairs[:, 1], side="right") - 1
    tail = np.zeros((len(pairs), len(DISTANCE_EDGES) + 1), dtype=np.float16)
    tail[np.arange(len(pairs)), bucket] = 1
    flat = attention.reshape(len(pairs), math.prod(attention.shape[1:])).astype(np.float16)
    open_class = np.array([len(w) > 2 and w.lower() not in _CLOSED for w in words], dtype=bool)
    return WordPairs(
        pairs=pairs,
        features=np.concatenate([flat, tail], axis=1),
        correct=correct,
        cosine=cosines(vectors, tuple(words), spans, pairs),
        noun=open_class[pairs[:, 1]],
    )


def document_truth(document: AnnotatedDocument, pairs: Ints) -> tuple[Bools, Bools]:
    """Which pairs ``(n_pairs, 2)`` are of mentions of that kind at all, and which of them are right.

    Right is the head word of any mention of the same entity, and of a name every word but small ones.
    """
    entity_of = {m.head: m.entity for m in document.mentions if m.kind is MentionKind.THIRD_PERSON_PRONOUN}
    stands_for: dict[int, set[str]] = {}
    for mention in document.mentions:
        name = mention.kind is MentionKind.PROPER
        inside = range(mention.start, mention.end) if name else ()
        capitals = [word for word in inside if document.words[word][:1].isupper()]
        for word in {mention.head, *capitals}:
            stands_for.setdefault(word, set()).add(mention.entity)
    marked = np.array([i in entity_of for i in pairs[:, 0].tolist()], dtype=bool)
    right = [entity_of.get(i) in stands_for.get(j, ()) for i, j in pairs.tolist()]
    return marked, np.array(right, dtype=bool)


def name_truth(pairs: NamePairs, words: Ints) -> tuple[Bools, Bools]:
    """Which pairs of pronoun and word ``(n_pairs, 2)`` are with a word of A or B, and which are right."""
    inside = {role: _words_of(pairs, role) for role in (A, B)}
    named = np.isin(words[:, 1], [*inside[A], *inside[B]])
    right = {role for role, is_right in ((A, pairs.item.a_coref), (B, pairs.item.b_coref)) if is_right}
    chosen = [word for role in right for word in inside[role]]
    return named, np.isin(words[:, 1], chosen)


def _words_of(pairs: NamePairs, role: int) -> list[int]:
    return [word for start, end, _ in pairs.spans[pairs.roles == role] for word in range(start, end)]


def words_columns(ranker: WordsRanker, n_heads: int) -> Floats:
    """Weights of all columns of `WordPairs.features`, before the temperature."""
    attention = np.zeros((len(DIRECTIONS), n_heads), dtype=np.float32)
    for group in ranker.attention:
        attention[DIRECTIONS.index(group.direction), list(group.heads)] = group.weights
    tail = np.array([*ranker.distance_bias, ranker.null], dtype=np.float32)
    return np.concatenate([attention.reshape(-1), tail])


def word_probabilities(
    pairs: WordPairs, columns: Floats, *, temperature: float, static: float = 0.0
) -> tuple[Doubles, Doubles]:
    """Scores and softmax probabilities of the pairs, "no word" among the candidates, both ``(n_pairs,)``."""
    scores = scores_of(pairs.features, columns) + static * pairs.cosine
    items = np.unique(pairs.pairs[:, 0])
    every = np.concatenate([scores, np.full(len(items), float(columns[-1]))]) / temperature
    shares = probabilities_of(every, np.concatenate([pairs.pairs[:, 0], items]))
    return scores, shares[: len(scores)]


def words_figures(
    parts: Sequence[WordPairs], contextual: Sequence[Doubles], both: Sequence[Doubles]
) -> dict[str, Any]:
    """Share of pronouns whose best-scored word is right, of those that have one; scores by part."""
    methods: dict[str, list[Bools]] = {name: [] for name in ("nearest", "static", "contextual", "both")}
    chance: list[Doubles] = []
    document: list[Ints] = []
    for number, (part, direct, joint) in enumerate(zip(parts, contextual, both, strict=True)):
        item = part.pairs[:, 0]
        place = part.pairs[:, 1] + np.where(part.noun, len(item) + item.max(initial=0), 0)
        baselines = {"nearest": place.astype(float), "static": part.cosine.astype(float)}
        scores = {**baselines, "contextual": direct, "both": joint}
        for name, values in scores.items():
            items, hit = hits(values, item, part.correct)
            methods[name].append(hit)
        _, inverse = np.unique(item, return_inverse=True)
        share = np.bincount(inverse, weights=part.correct) / np.maximum(np.bincount(inverse), 1)
        chance.append(share[share > 0])
        document.append(np.full(len(items), number))
    groups = np.concatenate(document)
    return {
        "n": len(groups),
        "chance": share_of(np.concatenate(chance), groups),
        **{name: share_of(np.concatenate(found), groups) for name, found in methods.items()},
    }
