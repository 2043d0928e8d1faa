"""Ranks of values among others, equal ones at the mean of their places."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def midranks(values: Floats, among: Floats) -> Floats:
    """How many of `among` ``(n,)`` lie below each value, and half of those that equal it.

    Any shape; not a number stays so.
    """
    # Searched for in their order, values find their places several times sooner.
    order = np.argsort(values, axis=None)
    sought = values.ravel()[order]
    ordered = np.sort(among)
    ranks = (
        np.searchsorted(ordered, sought, side="left") + np.searchsorted(ordered, sought, side="right")
    ) / 2
    found = np.empty(values.size)
    found[order] = np.where(np.isnan(sought), np.nan, ranks)
    return found.reshape(values.shape)


def ranks_of(values: Floats) -> Floats:
    """Midranks of values ``(n,)`` among themselves; none may be not a number."""
    if not len(values):
        return np.zeros(0)
    order = np.argsort(values)
    ordered = values[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    end = np.append(first[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((first + end) / 2, end - first)
    return ranks
