"""Binomial tails and corrected p values, against scipy and against exact sums."""

from fractions import Fraction
from math import comb, exp, inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bifocal_gateway.batch.tails import corrected, log_lower_tail, log_upper_tail


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, float]:
    n = draw(st.integers(1, 60))
    return draw(st.integers(0, n)), n, draw(st.floats(1e-6, 1 - 1e-6))


def one(tail: object, k: int, n: int, rate: float) -> float:
    (value,) = tail(np.array([k]), np.array([n]), np.array([rate]))  # type: ignore[operator]
    return float(value)


@settings(max_examples=200)
@given(counts())
def test_tails_are_the_sums_of_their_definition(case: tuple[int, int, float]) -> None:
    k, n, rate = case
    exact = [comb(n, i) * Fraction(rate) ** i * (1 - Fraction(rate)) ** (n - i) for i in range(n + 1)]
    for tail, terms in ((log_upper_tail, exact[k:]), (log_lower_tail, exact[: k + 1])):
        total = sum(terms, Fraction(0))
        # The logarithm of a fraction that may be below what a float can hold.
        expected = log(total.numerator) - log(total.denominator)
        assert one(tail, k, n, rate) == pytest.approx(expected, abs=1e-10, rel=1e-12)


@pytest.mark.parametrize("most", [10, 1_000, 100_000])
def test_tails_agree_with_scipy_for_large_counts(most: int) -> None:
    chance = np.random.default_rng(most)
    n = chance.integers(1, most + 1, 3_000)
    rate = chance.random(len(n)) * 0.5
    spread = np.sqrt(n * rate * (1 - rate))
    k = np.clip(n * rate + 6 * spread * chance.normal(size=len(n)), 0, n).astype(np.int64)
    # scipy's logarithms lose digits far out in the tail; its tails themselves do not, as near as this.
    for tail, expected in (
        (log_upper_tail, stats.binom.sf(k - 1, n, rate)),
        (log_lower_tail, stats.binom.cdf(k, n, rate)),
    ):
        near = expected > 1e-100
        assert near.sum() > 1_000
        assert np.exp(tail(k, n, rate))[near] == pytest.approx(expected[near], rel=1e-8)


def test_rates_at_the_ends_are_certain() -> None:
    k, n = np.array([0, 1, 5]), np.array([5, 5, 5])
    assert log_upper_tail(k, n, np.zeros(3)).tolist() == [0, -inf, -inf]
    assert log_upper_tail(k, n, np.ones(3)).tolist() == [0, 0, 0]
    assert log_lower_tail(k, n, np.zeros(3)).tolist() == [0, 0, 0]
    assert log_lower_tail(k, n, np.ones(3)).tolist() == [-inf, -inf, 0]


@settings(max_examples=200)
@given(st.lists(st.floats(1e-12, 1), min_size=1, max_size=40), st.integers(1, 7))
def test_corrected_p_values_are_scipys_whatever_the_parts(p: list[float], size: int) -> None:
    # Some values twice, as counts have them
    p = [round(value, 2) or 1e-12 for value in p] + p[:5]
    values, number = np.unique(p, return_counts=True)
    # Logarithms once: an array's may differ in the last bit from a single number's
    logs = np.log(values)
    falling = [
        (logs[::-1][start : start + size], number[::-1][start : start + size])
        for start in range(0, len(values), size)
    ]
    found = {
        log_p: exp(log_q)
        for part in corrected(falling, len(p))
        for log_p, log_q in zip(*(column.tolist() for column in part), strict=True)
    }
    expected = stats.false_discovery_control(p, method="bh")
    assert [found[logs[values == value].item()] for value in p] == pytest.approx(expected.tolist())
