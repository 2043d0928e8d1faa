"""Ranks of values among others, equal ones at the mean of their places."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def midranks(values: Floats, among: Floats) -> Floats:
    """How many of `among` ``(n,)`` lie below each value, and half of those that equal it.

    Any shape; not a number stays so.
    """
    ordered = np.sort(among)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return np.where(np.isnan(values), np.nan, (below + upto) / 2)
