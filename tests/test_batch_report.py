"""The batch report against its definitions, and against chance."""

import random
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_builder import Batch, Text, Vocabulary, unit_vectors
from batch_reference import LISTS, Reference, check_pairs
from bifocal.contracts import BatchReport, Options
from bifocal.errors import InternalError


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Small batches, of which most have a pair that is tied wherever it is held, often enough to be found."""
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311
    names = [f"t{number}" for number in range(chance.randint(2, 7))]
    unknown = frozenset(chance.sample(names, chance.choice((0, 0, 1))))
    vocabulary = Vocabulary(unit_vectors(names, seed=chance.randint(0, 99), dimensions=3), unknown)
    often = set(chance.sample(names, 2))
    texts = []
    for number in range(chance.randint(0, 20)):
        own = []
        for _ in range(chance.randint(0, 12)):
            a, b = chance.choice(names), chance.choice(names)
            own.append((a, b, 0.9999 if {a, b} == often else round(chance.random(), chance.choice((2, 6)))))
        texts.append(Text(f"d{number:02d}", own, block=chance.randint(1, 5)))
    chance.shuffle(texts)
    cuts = sorted(chance.randint(0, len(texts)) for _ in range(chance.randint(0, 4)))
    shards = [texts[a:b] for a, b in pairwise([0, *cuts, len(texts)])]
    options = Options(static_threshold=0.6, contextual_threshold=chance.choice((0.5, 0.8, 0.97)))
    return Batch(vocabulary, shards, options)


def reference_of(batch: Batch) -> Reference:
    return Reference(
        [text for texts in batch.shards for text in texts],
        batch.vocabulary,
        static_threshold=batch.options.static_threshold,
        threshold=batch.options.contextual_threshold,
    )


@settings(deadline=None, max_examples=25)
@given(batches())
def test_a_report_is_what_its_definitions_say(batch: Batch) -> None:
    check_pairs(batch.report(), reference_of(batch))


@settings(deadline=None, max_examples=15)
@given(batches(), st.randoms())
def test_neither_order_nor_packing_nor_blocks_change_a_byte(batch: Batch, chance: random.Random) -> None:
    texts = [Text(t.id, t.observations, block=7) for texts in batch.shards for t in texts]
    chance.shuffle(texts)
    size = chance.randint(1, 6)
    packed = [texts[start : start + size] for start in range(0, len(texts), size)]
    other = Batch(batch.vocabulary, packed, batch.options)
    assert other.report().model_dump_json() == batch.report().model_dump_json()


def shuffled(seed: int, *, n_documents: int = 120, planted: bool = False) -> Batch:
    """Documents of very different shares of tied pairs, terms of different frequency, and nothing in them:
    which pairs a document ties is drawn by lot. With `planted`, ``p0 - p1`` is tied wherever it is held."""
    chance = np.random.default_rng(seed)
    names = np.array([f"t{number:02d}" for number in range(40)])
    frequency = 1 / np.arange(1, 41)
    texts = []
    for number in range(n_documents):
        own = chance.choice(names, size=12, replace=False, p=frequency / frequency.sum()).tolist()
        if number % 20 == 0:
            own += ["p0", "p1"]
        share = 0.01 + 0.4 * chance.random() ** 3
        observations = [
            (a, b, 0.99 if chance.random() < share or (planted and {a, b} == {"p0", "p1"}) else 0.5)
            for a, b in combinations(own, 2)
        ]
        texts.append(Text(f"d{number:03d}", observations))
    vocabulary = Vocabulary(unit_vectors([*names, "p0", "p1"], seed=1))
    return Batch(vocabulary, [texts[:50], texts[50:]], Options(static_threshold=0.8))


def findings(report: BatchReport) -> set[tuple[str, str]]:
    return {(pair.a, pair.b) for pair in (*report.both, *report.context_only)}


def test_what_is_drawn_by_lot_yields_findings_in_one_batch_of_twenty_at_most() -> None:
    # If nothing is there, any finding is a false one: the false discovery rate is the share of such batches.
    n_false = sum(bool(findings(shuffled(seed).report())) for seed in range(20))
    assert n_false <= 3  # the probability of more is 0.02 at a rate of one in twenty


def test_a_pair_that_is_tied_wherever_it_is_held_is_found_and_nothing_else() -> None:
    for seed in range(3):
        report = shuffled(seed, planted=True).report()
        assert findings(report) == {("p0", "p1")}
        (found,) = (*report.both, *report.context_only)
        assert (found.documents, found.tied) == (6, 6)
        assert found.q <= 0.05


def test_pairs_of_a_term_that_is_tied_to_everything_are_no_findings() -> None:
    # Given a term that half of its pairs are tied with, whoever the other is
    chance = np.random.default_rng(5)
    names = [f"t{number:02d}" for number in range(12)]
    texts = [
        Text(
            f"d{number}",
            [
                (a, b, 0.99 if chance.random() < (0.5 if "hub" in (a, b) else 0.03) else 0.5)
                for a, b in combinations([*names, "hub"], 2)
            ],
        )
        for number in range(60)
    ]
    report = Batch(Vocabulary(unit_vectors([*names, "hub"], seed=2)), [texts]).report()
    # Then the term explains its ties, and none of its pairs is told
    assert findings(report) == set()
    assert report.n_tied > 60 * 4


def test_a_pair_that_one_document_ties_is_never_a_finding() -> None:
    vocabulary = Vocabulary(unit_vectors(["a", "b", "c", "d"], seed=3))
    once = Text("once", [("a", "b", 1.0)] * 1)
    others = [Text(f"d{number}", [("c", "d", 0.1)]) for number in range(200)]
    report = Batch(vocabulary, [[once, *others]]).report()
    assert findings(report) == set()
    assert (report.n_tied, report.significance.n_tested) == (1, 1)


def test_a_pair_the_language_binds_and_no_document_ties_is_found_absent() -> None:
    # Given near pairs of which most are tied in half of their documents, and one never
    names = [f"{side}{number}" for number in range(8) for side in "ab"]
    vectors = {name: [float(name[1:] == str(number)) for number in range(8)] for name in names}
    chance = np.random.default_rng(7)
    texts = []
    for number in range(60):
        near = [(f"a{n}", f"b{n}", 0.99 if n and chance.random() < 0.5 else 0.1) for n in range(8)]
        far = [(a, b, chance.random()) for a, b in combinations(names, 2) if a[1:] != b[1:]]
        texts.append(Text(f"d{number}", [*near, *far]))
    report = Batch(Vocabulary(vectors), [texts], Options(static_threshold=0.9)).report()
    first = report.meaning_only[0]
    assert (first.a, first.b, first.tied, first.evidence) == ("a0", "b0", 0, [])
    assert first.absence is not None
    assert first.absence.q <= 0.05
    assert report.significance.n_absent == 1


def test_of_more_pairs_than_a_list_may_hold_the_first_are_listed_and_all_are_counted() -> None:
    batch = shuffled(0, planted=True)
    whole, cut = batch.report(), Batch(batch.vocabulary, batch.shards, batch.options, most=5).report()
    assert len(whole.meaning_only) > 5
    assert cut.meaning_only == whole.meaning_only[:5]
    assert (cut.verdicts, cut.most_pairs) == (whole.verdicts, 5)
    terms = {term for name in LISTS for pair in getattr(cut, name) for term in (pair.a, pair.b)}
    assert set(cut.term_documents) == terms


def test_the_static_value_is_one_for_all_documents_and_the_contextual_one_is_not() -> None:
    report = shuffled(1).report()
    assert report.constancy.n_pairs > 0
    assert report.constancy.static_spread == 0
    quantiles = list(report.constancy.contextual_spread.values())
    assert quantiles == sorted(quantiles)
    assert quantiles[-1] > 0


def test_companies_are_compared_as_their_definitions_say() -> None:
    # Given a term whose company is of one kind in half of its documents and of another in the rest
    here, there = [f"h{n}" for n in range(4)], [f"t{n}" for n in range(4)]
    drawn = unit_vectors([*here, *there, "word", "same"], seed=6, dimensions=16)
    middle = {"h": drawn["h0"], "t": drawn["t0"]}
    vectors = {}
    for name, vector in drawn.items():
        near = np.array(vector) + 3 * np.array(middle.get(name[0] if name[1:].isdigit() else "", vector))
        vectors[name] = (near / np.linalg.norm(near)).tolist()
    chance = np.random.default_rng(0)
    texts = []
    for number in range(16):
        others = chance.permutation(there if number % 2 else here)[: 2 + number % 3].tolist()
        stable = chance.permutation(here)[:2].tolist()
        tied = {("word", other) for other in others} | {("same", other) for other in stable}
        pairs = combinations(sorted({"word", "same", *here, *there}), 2)
        texts.append(
            Text(f"d{number:02d}", [(a, b, 0.99 if {(a, b), (b, a)} & tied else 0.1) for a, b in pairs])
        )
    batch = Batch(Vocabulary(vectors), [texts[:5], texts[5:]])
    report, reference = batch.report().companies, reference_of(batch)
    # Then that term leads, and the figures are those of its companions, one by one
    assert report.terms[0].term == "word"
    assert report.terms[0].change > 2 * report.terms[0].error
    assert {"word", "same"} <= {term.term for term in report.terms}
    for term in report.terms:
        assert term.documents == len(reference.companies(term.term)) >= 5
        assert term.within == pytest.approx(reference.within(term.term), abs=5e-6)
        assert term.between == pytest.approx(reference.between(term.term), abs=5e-6)
        assert term.change == pytest.approx(term.within - term.between, abs=2e-6)
        for companion in term.companions:
            pair = (min(term.term, companion.term), max(term.term, companion.term))
            assert companion.documents == reference.tied[pair]
    one, other = report.terms[0].evidence
    assert int(one[1:]) % 2 != int(other[1:]) % 2
    assert report.change == pytest.approx(np.mean([term.change for term in report.terms]), abs=2e-6)
    steady = {term.term: term for term in report.terms}["same"]
    assert steady.change < 2 * steady.error


def test_terms_are_counted_by_documents() -> None:
    texts = [
        Text("1", [("a", "b", 0.5), ("a", "b", 0.6)]),
        Text("2", [("a", "c", 0.5)]),
        Text("3", [("a", "b", 0.1)]),
    ]
    vocabulary = Vocabulary({"a": [1, 0], "b": [1, 0], "c": [0, 1]})
    report = Batch(vocabulary, [texts]).report()
    assert (report.n_terms, report.term_documents) == (3, {"a": 3, "b": 2})


def test_a_job_without_documents_has_an_empty_report() -> None:
    report = Batch(Vocabulary({}), []).report()
    assert (report.n_documents, report.n_pairs, report.base_rate) == (0, 0, None)
    assert report.companies.terms == []


def test_too_little_memory_is_told_with_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = shuffled(0)
    batch.memory_mb = 1
    with pytest.raises(InternalError, match="BIFOCAL_BATCH_MEMORY_MB"):
        batch.report()
