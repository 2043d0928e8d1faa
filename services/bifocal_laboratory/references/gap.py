"""How often a pronoun finds its name, in GAP's own terms (Webster et al. 2018, https://arxiv.org/abs/1810.05201)."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.text import Segmenter
from bifocal_contextual.catalogue.references import MentionRanker, ReferenceWeights
from bifocal_contextual.model import Transformer
from bifocal_laboratory.corpora import GapItem
from bifocal_laboratory.references.estimates import interval, resampled, share_of
from bifocal_laboratory.references.features import HEAD
from bifocal_laboratory.references.names import OTHER, A, B, NamePairs, distance_words, name_pairs
from bifocal_laboratory.references.rankers import ranker_columns, scores_of
from bifocal_static.vectors import Vectors

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def name_probabilities(
    pairs: NamePairs,
    columns: npt.NDArray[np.float32],
    *,
    static: float = 0.0,
    chain_steps: int = 2,
) -> Doubles:
    """Probabilities of A, of B and of neither, ``(3,)``.

    A softmax over all places of both names, the pronouns of the same kind before it, and nothing; these
    pronouns pass on theirs ``chain_steps`` times.
    """
    scores = scores_of(pairs.features, columns) + static * pairs.cosine
    at, to = pairs.pairs.T
    pronoun = pairs.roles[to] == OTHER
    heads = pairs.spans[:, HEAD]
    kept = ~pronoun | ((heads[to] < heads[at]) & (chain_steps > 0))
    n_spans = len(pairs.spans)
    table = np.full((n_spans, n_spans + 1), -np.inf)
    table[at[kept], to[kept]] = scores[kept]
    table[:, n_spans] = columns[-1]
    table = np.exp(table - table.max(axis=1, keepdims=True))
    table /= table.sum(axis=1, keepdims=True)
    among, none = table[:, :n_spans], table[:, n_spans]
    last = np.stack([*(among[:, pairs.roles == role].sum(axis=1) for role in (A, B)), none], axis=1)
    passing = np.where(pairs.roles == OTHER, among, 0.0)
    total = last
    for _ in range(chain_steps):
        total = last + passing @ total
    found: Doubles = total[0] / total[0].sum()
    return found


def decided(probabilities: Doubles, threshold: float) -> Bools:
    """What is said of A and of B, ``(n_items, 2)``: the likelier one, if it is likely enough."""
    first = probabilities[:, 0] > probabilities[:, 1]
    said: Bools = np.stack([first, ~first], axis=1) & (probabilities[:, :2] >= threshold)
    return said


def f1_score(truth: Bools, said: Bools, times: Doubles | None = None) -> Doubles:
    """F1 as the official scorer counts: each of A and B is a decision of its own; both ``(n_items, 2)``.

    Args:
        truth: whether the pronoun refers to A, and to B.
        said: what was decided.
        times: how often each item counts, ``(n_resamples, n_items)``; once by itself.
    """
    times = np.ones((1, len(truth))) if times is None else times
    right = times @ (truth & said).sum(axis=1)
    named = times @ (truth.sum(axis=1) + said.sum(axis=1))
    score: Doubles = np.divide(2 * right, named, out=np.zeros_like(right), where=named > 0)
    return score


def gap_figures(items: Sequence[GapItem], probabilities: Doubles, threshold: float) -> dict[str, Any]:
    """Accuracy and F1 of probabilities ``(n_items, 2 or more)`` of A and B.

    `accuracy` is the share of the items with an answer where it scores above the other name; `f1` goes
    over all items. Intervals are by item.
    """
    truth = np.array([(item.a_coref, item.b_coref) for item in items], dtype=bool).reshape(-1, 2)
    said = decided(probabilities, threshold)
    answered = truth.any(axis=1)
    best = np.where(probabilities[:, 0] > probabilities[:, 1], truth[:, 0], truth[:, 1])
    accuracy = share_of(best[answered], np.flatnonzero(answered))
    times = resampled(np.arange(len(items)))
    f1 = f1_score(truth, said, times)
    figures = {**accuracy, "f1": round(float(f1[0]), 4), "f1_interval": interval(f1[1:])}
    by_gender: dict[str, Any] = {}
    for gender in ("feminine", "masculine"):
        of = np.array([item.gender == gender for item in items], dtype=bool)
        by_gender[gender] = {
            "n": int(of.sum()),
            **share_of(best[answered & of], np.flatnonzero(answered & of)),
            "f1": round(float(f1_score(truth[of], said[of])[0]), 4),
        }
    masculine = by_gender["masculine"]["f1"]
    by_gender["ratio"] = round(by_gender["feminine"]["f1"] / masculine, 4) if masculine else None
    return {**figures, "by_gender": by_gender}


def ranker_probabilities(
    pairs: Iterable[NamePairs], ranker: MentionRanker, n_heads: int, *, chain_steps: int, static: float = 0.0
) -> Doubles:
    """Probabilities of A, B and neither for each item, ``(n_items, 3)``."""
    columns = ranker_columns(ranker, n_heads)
    found = [name_probabilities(p, columns, static=static, chain_steps=chain_steps) for p in pairs]
    return np.array(found).reshape(-1, 3)


def measure_coreference(
    pairs: Sequence[NamePairs], contextual: Doubles, both: Doubles, *, threshold: float
) -> dict[str, Any]:
    """All figures of some items, given the probabilities ``(n_items, 3)`` of one lens and of both."""
    items = [p.item for p in pairs]
    truth = np.array([(item.a_coref, item.b_coref) for item in items], dtype=bool).reshape(-1, 2)
    nearest = np.array([[-float(distance_words(p, role)) for role in (A, B)] for p in pairs]).reshape(-1, 2)
    cosine = np.array([_given_cosines(p) for p in pairs]).reshape(-1, 2)
    # A name drawn at random: half of those with an answer are right; F1 follows from the counts.
    n_true = int(truth.sum())
    chance = {"accuracy": 0.5, "f1": round(2 * (n_true / 2) / (n_true + len(items)), 4) if items else None}
    return {
        "n": len(items),
        "n_answered": int(truth.any(axis=1).sum()),
        "chance": chance,
        "nearest": gap_figures(items, nearest, -np.inf),
        "static": gap_figures(items, cosine, -np.inf),
        "contextual": gap_figures(items, contextual, threshold),
        "both": gap_figures(items, both, threshold),
    }


def _given_cosines(pairs: NamePairs) -> list[float]:
    of = {(int(i), int(j)): float(c) for (i, j), c in zip(pairs.pairs, pairs.cosine, strict=True)}
    return [of[0, 1], of[0, 2]]


def evaluate_coreference(
    transformer: Transformer,
    vectors: Vectors,
    items: Iterable[GapItem],
    weights: ReferenceWeights,
    *,
    segmenter: Segmenter | None = None,
) -> dict[str, Any]:
    """Figures on GAP items, beside chance, the nearer name and the static cosine.

    Args:
        transformer: the model that `weights` were fitted for.
        vectors: static vectors.
        items: what to measure on.
        weights: a catalogue.
        segmenter: finds the words; the catalogue's language by itself.

    Returns:
        ``{"n", "chance", "nearest", "static", "contextual", "both"}``, with accuracy, F1 and their
        intervals, and both by gender.

    Raises:
        ValueError: the weights are of a model with another number of heads.
    """
    if sum(transformer.n_heads) != weights.n_heads:
        raise ValueError(f"weights of {weights.n_heads} heads, a model of {sum(transformer.n_heads)}")
    segmenter = segmenter or Segmenter(weights.language)
    pairs = [name_pairs(transformer, vectors, item, segmenter, scale=weights.scale) for item in items]
    ranker, steps = weights.names, weights.chain_steps
    contextual = ranker_probabilities(pairs, ranker, weights.n_heads, chain_steps=steps)
    both = ranker_probabilities(pairs, ranker, weights.n_heads, chain_steps=steps, static=ranker.static)
    return measure_coreference(pairs, contextual, both, threshold=ranker.threshold)
