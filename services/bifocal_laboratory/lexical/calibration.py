"""From scores fitted on lists to probabilities that hold in running text."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from bifocal_gateway.merge.lexical_record import LexicalLevel, LexicalReliability
from bifocal_laboratory.dependencies.calibration import expected_calibration_error
from bifocal_laboratory.lexical.figures import softmax
from bifocal_laboratory.lexical.network import Floats, Ints
from bifocal_laboratory.lexical.outcomes import Outcomes

Doubles = npt.NDArray[np.float64]

#: Holds the bias of a kind that no pair of the text has; of others it changes nothing to speak of.
_RIDGE = 0.1

#: Probabilities from which on what is told is measured.
LEVELS = (0.5, 0.3, 0.2, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A weight and a bias for each kind: vector scaling (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    The biases take the place of the kinds' shares in the lists by those in the text; a weight near zero
    says that what was learnt of a kind from lists does not hold there. Shapes: `weight` and `bias`
    ``(kinds + 1,)``, the directed kinds first, none last, which has no bias.
    """

    outcomes: Outcomes
    weight: Doubles
    bias: Doubles

    @classmethod
    def fit(cls, scores: Floats, outcome: Ints, outcomes: Outcomes) -> "Calibration":
        """By maximum likelihood on pairs of text ``(n, outcomes)`` that the scores have not been fitted on.

        Raises:
            ValueError: there are no pairs.
        """
        if not len(outcome):
            raise ValueError("there are no pairs to calibrate on")
        kind_of = _kind_of_outcome(outcomes)
        n = len(outcomes.names) + 1
        truth = np.eye(outcomes.none + 1)[outcome]

        def loss(values: Doubles) -> tuple[float, Doubles]:
            weight, bias = values[:n], np.append(values[n:], 0.0)
            probability = softmax(scores * weight[kind_of] + bias[kind_of])
            own = probability[np.arange(len(outcome)), outcome]
            off = probability - truth
            weighs = np.bincount(kind_of, weights=(off * scores).sum(axis=0), minlength=n)
            biases = np.bincount(kind_of, weights=off.sum(axis=0), minlength=n)[:-1]
            total = -np.log(np.maximum(own, 1e-300)).sum() + _RIDGE / 2 * np.square(values).sum()
            return total, np.concatenate([weighs, biases]) + _RIDGE * values

        # A weight below zero would say the opposite of what was learnt.
        bounds = [(0.0, None)] * n + [(None, None)] * (n - 1)
        start = np.concatenate([np.ones(n), np.zeros(n - 1)])
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(outcomes=outcomes, weight=found[:n], bias=np.append(found[n:], 0.0))

    def probabilities(self, scores: Floats) -> Doubles:
        """Of all outcomes ``(n, outcomes)``."""
        kind_of = _kind_of_outcome(self.outcomes)
        return softmax(scores * self.weight[kind_of] + self.bias[kind_of])


def reliability(
    probability: Doubles, outcome: Ints, outcomes: Outcomes, told: frozenset[str]
) -> LexicalReliability:
    """Of calibrated probabilities ``(n, outcomes)``, where some kinds may be told."""
    kinds = probability[:, : outcomes.none]
    likeliest, confidence = kinds.argmax(axis=1), kinds.max(axis=1)
    right = likeliest == outcome
    may = np.zeros(outcomes.none, dtype=np.bool_)
    may[[column for name in told for column in outcomes.columns(name)]] = True

    def level(least: float) -> LexicalLevel:
        telling = may[likeliest] & (confidence >= least)
        return LexicalLevel(
            least_probability=least,
            told=round(float(telling.mean()), 6),
            probability=round(float(confidence[telling].mean()), 4) if telling.any() else None,
            right=round(float(right[telling].mean()), 4) if telling.any() else None,
        )

    return LexicalReliability(
        pairs=len(outcome),
        error=round(expected_calibration_error(confidence, right), 6),
        levels=tuple(level(least) for least in LEVELS),
    )


def _kind_of_outcome(outcomes: Outcomes) -> Ints:
    """Place of each outcome's bias."""
    directed = np.arange(len(outcomes.directed))
    rest = np.arange(len(outcomes.directed), len(outcomes.names) + 1)
    return np.concatenate([directed, directed, rest])
