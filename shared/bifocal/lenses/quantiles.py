"""A distribution as its quantiles, fine where verdicts are decided."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

#: Probabilities at which distributions are kept: every percent, and finer above 99.
PROBABILITIES: npt.NDArray[np.float64] = np.concatenate(
    [np.arange(0, 99) / 100, np.arange(990, 999) / 1000, np.arange(9990, 10_000) / 10_000, [1.0]]
)


def quantiles(sample: npt.ArrayLike) -> Floats:
    """Quantiles ``(len(PROBABILITIES),)`` of a sample that is not empty."""
    return np.quantile(np.asarray(sample, dtype=np.float64), PROBABILITIES).astype(np.float32)


def percentiles(values: Floats, table: Floats, row: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Share of a distribution that lies below each value, 0 to 1.

    Shapes: `values` ``(k,)``; `table` ``(rows, len(PROBABILITIES))``, one distribution a row;
    `row` ``(k,)``, the distribution for each value. Returns ``(k,)``.
    """
    result = np.empty(len(values), dtype=np.float64)
    order = np.argsort(row, kind="stable")
    ends = np.cumsum(np.bincount(row, minlength=len(table))).tolist()
    start = 0
    for r, end in enumerate(ends):
        if start < end:
            chosen = order[start:end]
            result[chosen] = np.interp(values[chosen], table[r], PROBABILITIES)
        start = end
    return result
