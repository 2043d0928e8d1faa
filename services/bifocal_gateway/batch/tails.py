"""Tails of the binomial distribution, and p values corrected for how many were looked at.

Everything is in logarithms, so nothing is lost where a tail is below what a float can hold.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Where a continued fraction has settled, and the stand-in for a zero denominator.
_SETTLED, _TINY = 1e-15, 1e-300


def log_upper_tail(k: Ints, n: Ints, rate: Floats) -> Floats:
    """Log of P(K >= k) for K ~ Binomial(n, rate); shapes ``(m,)``, 0 <= k <= n."""
    tail = np.zeros(len(k))
    tail[(k > 0) & (rate <= 0)] = -np.inf
    inside = (k > 0) & (rate > 0) & (rate < 1)
    a, b = k[inside].astype(np.float64), (n - k + 1)[inside].astype(np.float64)
    tail[inside] = _log_incomplete_beta(a, b, rate[inside], 1 - rate[inside])
    return tail


def log_lower_tail(k: Ints, n: Ints, rate: Floats) -> Floats:
    """Log of P(K <= k) for K ~ Binomial(n, rate); shapes ``(m,)``, 0 <= k <= n."""
    tail = np.zeros(len(k))
    tail[(k < n) & (rate >= 1)] = -np.inf
    inside = (k < n) & (rate > 0) & (rate < 1)
    a, b = (n - k)[inside].astype(np.float64), (k + 1)[inside].astype(np.float64)
    tail[inside] = _log_incomplete_beta(a, b, 1 - rate[inside], rate[inside])
    return tail


def _log_incomplete_beta(a: Floats, b: Floats, x: Floats, y: Floats) -> Floats:
    """Log of the regularised incomplete beta function I_x(a, b), y = 1 - x; shapes ``(m,)``.

    The tail of a binomial distribution is one (DLMF 8.17.5). The continued fraction (DLMF 8.17.22)
    converges fast below the mean; above it, that of the other side is taken.
    """
    other = x > (a + 1) / (a + b + 2)
    a, b, x, y = np.where(other, b, a), np.where(other, a, b), np.where(other, y, x), np.where(other, x, y)
    log = a * np.log(x) + b * np.log(y) + _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b) - np.log(a)
    log -= np.log(_continued_fraction(a, b, x))
    # Below the mean the value is at most about a half, so 1 less it keeps its digits.
    log = np.minimum(log, 0.0)
    # Zero is added so that there is one zero: values are looked up by what they are.
    return np.where(other, np.log1p(-np.exp(log)), log) + 0.0


def _continued_fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """1 + d_1 / (1 + d_2 / (1 + …)) of DLMF 8.17.22, by Lentz's method (Thompson and Barnett 1986)."""
    value, c, d = np.ones_like(x), np.ones_like(x), np.zeros_like(x)
    step, moving = 0, np.ones(len(x), dtype=np.bool_)
    while moving.any():
        step += 1
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 + term * d
        c = 1 + term / c
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        value = np.where(moving, value * c * d, value)
        moving &= np.abs(c * d - 1) > _SETTLED
    return value


def _log_gamma(x: Floats) -> Floats:
    values, place = np.unique(x, return_inverse=True)
    return np.array([math.lgamma(value) for value in values.tolist()])[place]


def corrected(falling: Iterable[tuple[Floats, Ints]], n_tests: int) -> Iterator[tuple[Floats, Floats]]:
    """False discovery rates (Benjamini and Hochberg 1995) for p values that come from the largest on.

    `falling` yields logs of p values, each once, and how many tests had it, ``(m,)`` each; over all parts
    they fall. Yields the same logs with those of the corrected values. Holds one part at a time.
    """
    smallest, n_above = 0.0, 0
    for log_p, count in falling:
        above = n_above + np.cumsum(count)
        rank = n_tests - (above - count)
        log_q = np.minimum.accumulate(np.append(smallest, log_p + math.log(n_tests) - np.log(rank)))[1:]
        smallest, n_above = float(log_q[-1]), int(above[-1])
        yield log_p, log_q
