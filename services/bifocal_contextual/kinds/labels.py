"""From scores to kinds: which word depends on which, and what a pronoun refers to, with probabilities."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.arcs import ArcWeights, Special, buckets
from bifocal_contextual.catalogue.references import WordsRanker

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

#: Pairs whose likeliest kind is less probable than this are not kept.
LEAST_PROBABILITY = 0.05


class Found(NamedTuple):
    """Pairs with their likeliest kind, ``(n,)``: `kind` counts the catalogue's kinds."""

    dependent: Ints
    head: Ints
    kind: Ints
    probability: Floats


def label_arcs(
    i: Ints, j: Ints, channels: Floats, words: Floats, weights: ArcWeights, candidate: npt.NDArray[np.bool_]
) -> Found:
    """The likeliest kind of every sentence pair in both directions.

    Each word's candidate heads, kinds and "no head" share one softmax, as `ArcWeights.log_probabilities`
    has it; punctuation neither depends nor is depended on in what is returned.

    Args:
        i: earlier words ``(n,)``.
        j: later words ``(n,)``.
        channels: ``(2, n_channels, n)``, first with `i` as the dependent, then with `j`.
        words: channels of the words ``(len(Special), n_words)``.
        weights: of the catalogue.
        candidate: which words may be ends of a pair ``(n_words,)``.
    """
    if not len(i):
        return Found(i, j, i, np.zeros(0, dtype=np.float32))
    names, n_kinds = list(Special), len(weights.kinds)
    dependent, head = np.concatenate([i, j]), np.concatenate([j, i])
    scores = np.concatenate([channels[0, :n_kinds], channels[1, :n_kinds]], axis=1)
    scores += np.take(np.ascontiguousarray(weights.distance.T), buckets(head - dependent), axis=1)
    scores += words[names.index(Special.HEAD)][head]
    if weights.temperature != 1:
        scores /= np.float32(weights.temperature)
    best = scores.argmax(axis=0)
    highest = scores[best, np.arange(len(best))]
    scores -= highest
    any_kind = highest + np.log(np.exp(scores, out=scores).sum(axis=0))
    no_head = words[names.index(Special.ROOT)] / np.float32(weights.temperature)
    total = _total_by_word(dependent, any_kind, no_head)
    probability = np.exp(highest - total[dependent])
    kept = (probability >= LEAST_PROBABILITY) & candidate[dependent] & candidate[head]
    return Found(dependent[kept], head[kept], best[kept], probability[kept])


def link_references(pronoun: Ints, word: Ints, scores: Floats, ranker: WordsRanker, kind: int) -> Found:
    """What each pronoun refers to: a softmax over the words before it and "none of them".

    Shapes: `pronoun`, `word` and `scores` ``(n,)``; `kind` is the number given to what is found.
    """
    if not len(pronoun):
        return Found(pronoun, word, pronoun, scores)
    bias = np.array(ranker.distance_bias, dtype=np.float32)
    bucket = np.searchsorted(ranker.distance_edges, pronoun - word, side="right") - 1
    scaled = (scores + bias[bucket]) / np.float32(ranker.temperature)
    nothing = np.full(int(pronoun.max()) + 1, ranker.null / ranker.temperature, dtype=np.float32)
    softmax = np.exp(scaled - _total_by_word(pronoun, scaled, nothing)[pronoun]).clip(1e-6, 1 - 1e-6)
    logit = ranker.slope * np.log(softmax / (1 - softmax)) + ranker.intercept
    probability = (1 / (1 + np.exp(-logit))).astype(np.float32)
    kept = probability >= LEAST_PROBABILITY
    return Found(pronoun[kept], word[kept], np.full(int(kept.sum()), kind), probability[kept])


def _total_by_word(word: Ints, scores: Floats, alone: Floats) -> Floats:
    """Log of the summed exponentials of each word's scores ``(n,)`` and its score `alone` ``(n_words,)``."""
    highest = alone.copy()
    np.maximum.at(highest, word, scores)
    sums = np.bincount(word, weights=np.exp(scores - highest[word]), minlength=len(alone))
    total: Floats = (highest + np.log(sums + np.exp(alone - highest))).astype(np.float32)
    return total


def together(found: Sequence[Found]) -> Found:
    """Several findings as one."""
    return Found(*(np.concatenate(column) for column in zip(*found, strict=True)))
