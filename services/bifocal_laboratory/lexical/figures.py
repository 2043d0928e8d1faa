"""Figures of classified pairs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from bifocal_laboratory.dependencies.calibration import expected_calibration_error
from bifocal_laboratory.lexical.outcomes import Outcomes

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Resamples of the pairs behind an interval, and the share of them that it holds.
RESAMPLES, CONFIDENCE = 1000, 0.95
_SEED = 20150601


def softmax(scores: npt.NDArray[np.floating]) -> Doubles:
    """Probabilities ``(n, outcomes)``."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True, initial=-np.inf))
    found: Doubles = raised / raised.sum(axis=1, keepdims=True)
    return found


def classified(probability: Doubles, outcome: Ints, outcomes: Outcomes) -> dict[str, Any]:
    """Weighted and macro F1 beside the majority's, calibration error, and figures by kind.

    A kind counts as found only with its direction; the other direction is a name that no pair has.
    `direction` is how often that was right where the kind was. `weighted_f1_in_order` is for outcomes that
    go from the first word to the second, where that is known of all pairs, as in published figures.
    """
    found = probability.argmax(axis=1)
    present = np.unique(outcome)
    majority = np.full(len(outcome), np.bincount(outcome).argmax())
    directed = 2 * len(outcomes.directed)
    forward = probability.copy()
    forward[:, len(outcomes.directed) : directed] = 0
    named = (outcome < directed) & (found < directed) & _same_kind(outcome, found, outcomes)
    return {
        "n": len(outcome),
        "majority": _f1(outcome, majority, present, "weighted"),
        "weighted_f1": _f1(outcome, found, present, "weighted"),
        "weighted_f1_in_order": _f1(outcome, forward.argmax(axis=1), present, "weighted"),
        "macro_f1": _f1(outcome, found, present, "macro"),
        "direction": float((found == outcome)[named].mean()) if named.any() else None,
        "calibration_error": expected_calibration_error(probability.max(axis=1), found == outcome),
        "per_kind": {
            name: kind_figures(probability, outcome, outcomes, name)
            for name in outcomes.names
            if np.isin(outcome, outcomes.columns(name)).any()
        },
    }


def kind_figures(probability: Doubles, outcome: Ints, outcomes: Outcomes, name: str) -> dict[str, Any]:
    """Average precision and F1 of one kind with its direction, and the chance share of the former."""
    # A directed kind asks two questions of a pair, each with its own answer.
    columns = outcomes.columns(name)
    truth = outcome[:, None] == columns
    found = probability.argmax(axis=1)[:, None] == columns
    return {
        "n": int(truth.sum()),
        "chance": float(truth.mean()),
        "ap": float(average_precision_score(truth.ravel(), probability[:, columns].ravel())),
        "f1": float(f1_score(truth.ravel(), found.ravel(), zero_division=0.0)),
    }


def average_precision_interval(
    probability: Doubles, outcome: Ints, outcomes: Outcomes, name: str
) -> tuple[float, float]:
    """Bootstrap interval over pairs of the average precision of a kind that some pair has."""
    columns = outcomes.columns(name)
    truth, score = outcome[:, None] == columns, probability[:, columns]
    order = np.argsort(-score.ravel(), kind="stable")
    right, pair = truth.ravel()[order], np.repeat(np.arange(len(outcome)), len(columns))[order]
    generator = np.random.default_rng(_SEED)
    values = []
    for _ in range(RESAMPLES):
        times = np.bincount(generator.integers(len(outcome), size=len(outcome)), minlength=len(outcome))[pair]
        hits, seen = np.cumsum(times * right), np.cumsum(times)
        if hits[-1]:
            values.append(float((times * right * hits / np.maximum(seen, 1)).sum() / hits[-1]))
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [outside, 1 - outside])
    return float(low), float(high)


def areas(related: Bools, scores: Mapping[str, npt.NDArray[np.floating]]) -> dict[str, float] | None:
    """Area under the ROC curve of each score, related against random pairs; None without either."""
    if related.all() or not related.any():
        return None
    return {name: float(roc_auc_score(related, score)) for name, score in scores.items()}


def _f1(truth: Ints, found: Ints, labels: Ints, average: str) -> float:
    return float(f1_score(truth, found, labels=labels, average=average, zero_division=0.0))


def _same_kind(one: Ints, other: Ints, outcomes: Outcomes) -> Bools:
    n = max(len(outcomes.directed), 1)
    same: Bools = one % n == other % n
    return same
