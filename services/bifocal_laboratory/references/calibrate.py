"""From scores to probabilities that mean what they say (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from bifocal_laboratory.references.rankers import Bools, Doubles, Ints, probabilities_of

#: Bins of a reliability diagram.
BINS = 10
_LEAST = 1e-6


def temperature(scores: Doubles, item: Ints, correct: Bools) -> float:
    """What to divide scores ``(n_rows,)`` by so that the right rows of each item are the likeliest."""
    _, inverse = np.unique(item, return_inverse=True)

    def loss(log_value: float) -> float:
        shares = probabilities_of(scores / np.exp(log_value), item)
        right = np.bincount(inverse, weights=shares * correct)
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def platt(probabilities: Doubles, correct: Bools, times: Doubles | None = None) -> tuple[float, float]:
    """Slope and intercept of ``sigmoid(slope * logit(p) + intercept)`` (Platt 1999).

    `times` ``(n,)`` says how often each row counts; once by itself.
    """
    logits = _logits(probabilities)
    signs = np.where(correct, 1.0, -1.0)
    times = np.ones(len(logits)) if times is None else times

    def loss(line: npt.NDArray[np.float64]) -> float:
        each = np.logaddexp(0, -signs * (line[0] * logits + line[1]))
        return float(np.average(each, weights=times))

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B").x
    return float(slope), float(intercept)


def scaled(probabilities: Doubles, slope: float, intercept: float) -> Doubles:
    """Probabilities after Platt's scaling, ``(n,)``."""
    found: Doubles = 1 / (1 + np.exp(-slope * _logits(probabilities) - intercept))
    return found


def expected_calibration_error(probabilities: Doubles, correct: Bools) -> float:
    """Mean gap between said and found, over bins of equal width, by what they hold; 0 for nothing."""
    if not len(probabilities):
        return 0.0
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    said = np.bincount(bins, weights=probabilities, minlength=BINS)
    found = np.bincount(bins, weights=correct, minlength=BINS)
    return float(np.abs(said - found).sum() / len(probabilities))


def reliability(probabilities: Doubles, correct: Bools) -> list[dict[str, float]]:
    """The bins that hold something: how many, the mean said, the share found."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [
        {
            "n": int((bins == number).sum()),
            "said": round(float(probabilities[bins == number].mean()), 4),
            "found": round(float(correct[bins == number].mean()), 4),
        }
        for number in range(BINS)
        if (bins == number).any()
    ]


def _logits(probabilities: Doubles) -> Doubles:
    kept = np.clip(probabilities, _LEAST, 1 - _LEAST)
    logits: Doubles = np.log(kept / (1 - kept))
    return logits
