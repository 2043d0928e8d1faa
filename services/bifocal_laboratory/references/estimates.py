"""Figures with bootstrap intervals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Resamples behind an interval, and the share of them that it holds.
RESAMPLES, CONFIDENCE = 1000, 0.95
_SEED = 20181016


def resampled(groups: Ints) -> Doubles:
    """How often each row counts in each resample of whole groups, ``(RESAMPLES + 1, n_rows)``.

    The first resample is the set itself. `groups` ``(n_rows,)`` are numbers of documents or items.
    """
    names, group = np.unique(groups, return_inverse=True)
    drawn = np.random.default_rng(_SEED).integers(max(len(names), 1), size=(RESAMPLES, len(names)))
    times = np.stack([np.ones(len(names)), *(np.bincount(row, minlength=len(names)) for row in drawn)])
    counted: Doubles = times[:, group]
    return counted


def share_of(right: npt.NDArray[np.bool_] | Doubles, groups: Ints) -> dict[str, Any]:
    """Share of rows that are right, and its interval by group; None for both without rows."""
    if not len(right):
        return {"accuracy": None, "interval": None}
    names, group = np.unique(groups, return_inverse=True)
    won = np.bincount(group, weights=right)
    played = np.bincount(group).astype(np.float64)
    times = resampled(np.arange(len(names)))
    shares = (times @ won) / np.maximum(times @ played, 1)
    return {"accuracy": round(float(shares[0]), 4), "interval": interval(shares[1:])}


def interval(values: Doubles) -> list[float]:
    """Percentiles of resampled figures, ``[low, high]``."""
    outside = (1 - CONFIDENCE) / 2
    return [round(float(value), 4) for value in np.nanquantile(values, [outside, 1 - outside])]


def best_on_grid(figure: Callable[[float], float], grid: tuple[float, ...]) -> float:
    """The value of the grid with the greatest figure; of equals the first."""
    return max(grid, key=figure)
