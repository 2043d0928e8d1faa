"""The batch report by its definitions, in plain Python: slow, exact, and written apart from the real one."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb, sqrt

import pytest

from batch_builder import Text, Vocabulary
from bifocal.contracts import BatchPair, BatchReport

MILLION = 1_000_000

LISTS = ("context_only", "both", "meaning_only", "not_comparable")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Held:
    """A pair in a document."""

    document: str
    occurrences: int
    strongest: int
    contextual: int
    tied: bool


def held_pairs(text: Text, threshold: float) -> dict[Pair, Held]:
    """Pairs of different terms of a document."""
    percentiles: dict[Pair, list[int]] = defaultdict(list)
    for a, b, percentile in text.observations:
        if a != b:
            percentiles[min(a, b), max(a, b)].append(round(percentile * MILLION))
    held = {}
    for pair, found in percentiles.items():
        value = round((max(found) / MILLION) ** len(found) * MILLION)
        tied = value >= round(threshold * MILLION)
        held[pair] = Held(text.id, len(found), max(found), value, tied)
    return held


def upper_tail(k: int, n: int, rate: Fraction) -> Fraction:
    """P(K >= k), summed."""
    rate = min(rate, Fraction(1))
    return sum((comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k, n + 1)), Fraction(0))


def lower_tail(k: int, n: int, rate: Fraction) -> Fraction:
    """P(K <= k), summed."""
    rate = min(rate, Fraction(1))
    return sum((comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k + 1)), Fraction(0))


def discovery_rates(p: dict[Pair, Fraction]) -> dict[Pair, Fraction]:
    """Benjamini and Hochberg's, by their definition: the smallest of those at least as large."""
    at_most = {value: sum(other <= value for other in p.values()) for value in set(p.values())}
    return {
        pair: min([Fraction(1), *(v * len(p) / at_most[v] for v in at_most if v >= value)])
        for pair, value in p.items()
    }


class Reference:
    """All figures of pairs, from the documents themselves."""

    def __init__(
        self, texts: Iterable[Text], vocabulary: Vocabulary, *, static_threshold: float, threshold: float
    ) -> None:
        self.vocabulary = vocabulary
        self.documents = {text.id: held_pairs(text, threshold) for text in texts}
        self.rows: dict[Pair, list[Held]] = defaultdict(list)
        for held in self.documents.values():
            for pair, row in held.items():
                self.rows[pair].append(row)
        self.usual = {
            document: -(-sum(row.tied for row in held.values()) * MILLION // max(len(held), 1))
            for document, held in self.documents.items()
        }
        self.tied = {pair: sum(row.tied for row in rows) for pair, rows in self.rows.items()}
        self.known = {pair: not vocabulary.unknown.intersection(pair) for pair in self.rows}
        self.near = {
            pair: self.known[pair]
            and round(vocabulary.percentile(*pair) * MILLION) >= round(static_threshold * MILLION)
            for pair in self.rows
        }
        base = {pair: sum(self.usual[row.document] for row in rows) for pair, rows in self.rows.items()}
        near = [pair for pair in self.rows if self.near[pair]]
        near_base = sum(base[pair] for pair in near)
        self.near_rate = (
            Fraction(sum(self.tied[pair] for pair in near) * MILLION, near_base) if near_base else None
        )
        self.expected, self.near_expected = {}, {}
        for pair in self.rows:
            one, other = (self._tendency(term, pair, base) for term in pair)
            self.expected[pair] = Fraction(base[pair], MILLION) * max(one, 1) * max(other, 1)
            self.near_expected[pair] = (
                Fraction(base[pair], MILLION) * (self.near_rate or 0) * min(one, 1) * min(other, 1)
            )
        tested = [pair for pair, rows in self.rows.items() if len(rows) >= 2]
        self.p = {
            pair: upper_tail(
                self.tied[pair], len(self.rows[pair]), self.expected[pair] / len(self.rows[pair])
            )
            for pair in tested
        }
        self.near_p = {
            pair: lower_tail(
                self.tied[pair], len(self.rows[pair]), self.near_expected[pair] / len(self.rows[pair])
            )
            for pair in tested
            if self.near[pair]
        }
        self.q, self.near_q = discovery_rates(self.p), discovery_rates(self.near_p)

    def _tendency(self, term: str, pair: Pair, base: dict[Pair, int]) -> Fraction:
        others = [other for other in self.rows if term in other and other != pair]
        usual = sum(base[other] for other in others)
        return Fraction(sum(self.tied[other] for other in others) * MILLION, usual) if usual else Fraction(1)

    def is_tied(self, pair: Pair) -> bool:
        return self.tied[pair] >= 2 and self.q.get(pair, 1) <= Fraction(1, 20)

    def verdict(self, pair: Pair) -> str:
        if not self.known[pair]:
            return "not_comparable"
        if self.is_tied(pair):
            return "both" if self.near[pair] else "context_only"
        return "meaning_only" if self.near[pair] else "neither"

    def listed(self, verdict: str) -> list[Pair]:
        """The pairs of a list, in its order."""
        pairs = [pair for pair in self.p if self.verdict(pair) == verdict]
        if verdict == "meaning_only":
            return sorted(pairs, key=lambda pair: (self.near_p[pair], -len(self.rows[pair]), pair))
        return sorted(
            (pair for pair in pairs if self.is_tied(pair)),
            key=lambda pair: (self.p[pair], -self.tied[pair], pair),
        )

    def evidence(self, pair: Pair) -> list[str]:
        tied = [row for row in self.rows[pair] if row.tied]
        return [
            row.document for row in sorted(tied, key=lambda r: (-r.contextual, -r.strongest, r.document))
        ][:3]

    def spread(self, pair: Pair) -> float:
        values = [row.contextual for row in self.rows[pair]]
        mean = sum(values) / len(values)
        return sqrt(sum((value - mean) ** 2 for value in values) / len(values)) / MILLION

    def companies(self, term: str) -> dict[str, list[str]]:
        """The term's companions by document, where they are two and more."""
        found = {}
        for document, held in self.documents.items():
            own = [pair for pair, row in held.items() if row.tied and term in pair]
            others = sorted(b if a == term else a for a, b in own)
            others = [other for other in others if any(self.vocabulary.vector(other))]
            if len(others) >= 2:
                found[document] = others
        return found

    def within(self, term: str) -> float:
        companies = self.companies(term).values()
        return sum(
            sum(self.vocabulary.cosine(*two) for two in combinations(own, 2)) / comb(len(own), 2)
            for own in companies
        ) / len(companies)

    def between(self, term: str) -> float:
        found = [
            sum(self.vocabulary.cosine(a, b) for a in one for b in other) / len(one) / len(other)
            for one, other in combinations(self.companies(term).values(), 2)
        ]
        return sum(found) / len(found)


def check_pairs(report: BatchReport, reference: Reference) -> None:
    """Assert that a report's counts, verdicts and lists are the reference's."""
    assert report.n_documents == len(reference.documents)
    assert (report.n_pairs, report.n_held) == (len(reference.rows), sum(map(len, reference.rows.values())))
    assert report.n_tied == sum(reference.tied.values())
    verdicts = Counter(reference.verdict(pair) for pair in reference.rows)
    assert report.verdicts.model_dump() == {name: verdicts[name] for name in report.verdicts.model_dump()}
    assert report.significance.n_tested == len(reference.p)
    assert report.significance.n_near_tested == len(reference.near_p)
    assert report.significance.n_tied == sum(reference.is_tied(pair) for pair in reference.p)
    assert report.significance.n_absent == sum(q <= 1 / 20 for q in reference.near_q.values())
    for name in LISTS:
        pairs: list[BatchPair] = getattr(report, name)
        assert [(pair.a, pair.b) for pair in pairs] == reference.listed(name)[: report.most_pairs]
        for pair in pairs:
            _check_pair(pair, reference)


def _check_pair(pair: BatchPair, reference: Reference) -> None:
    key, close = (pair.a, pair.b), 2e-6
    rows = reference.rows[key]
    assert (pair.documents, pair.tied) == (len(rows), reference.tied[key])
    assert pair.occurrences == sum(row.occurrences for row in rows)
    assert pair.verdict == reference.verdict(key)
    assert pair.evidence == reference.evidence(key)
    assert pair.contextual == pytest.approx(sum(r.contextual for r in rows) / len(rows) / 1e6, abs=close)
    assert pair.contextual_spread == pytest.approx(reference.spread(key), abs=close)
    assert pair.expected == pytest.approx(float(reference.expected[key]), rel=close * 5)
    if reference.expected[key]:
        assert pair.lift == pytest.approx(float(reference.tied[key] / reference.expected[key]), rel=close * 5)
    assert pair.p == pytest.approx(float(reference.p[key]), rel=close * 5)
    assert pair.q == pytest.approx(float(reference.q[key]), rel=close * 5)
    assert (pair.static is None) is (not reference.known[key])
    assert pair.static_spread == (0 if reference.known[key] else None)
    if pair.static is not None:
        assert pair.static.cosine == pytest.approx(reference.vocabulary.cosine(*key), abs=close)
    assert (pair.absence is None) is (not reference.near[key])
    if pair.absence is not None:
        assert pair.absence.expected == pytest.approx(float(reference.near_expected[key]), rel=close * 5)
        assert pair.absence.p == pytest.approx(float(reference.near_p[key]), rel=close * 5)
        assert pair.absence.q == pytest.approx(float(reference.near_q[key]), rel=close * 5)
