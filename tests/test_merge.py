"""Verdicts, counts and reports, on lens outputs made up for the purpose."""

import io
import json
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.contracts import (
    RESULT,
    ContextualReading,
    ContextualSummary,
    DocumentReading,
    Failure,
    LensHeader,
    Listing,
    Options,
    Reason,
    Relation,
    Report,
    Scope,
    Shard,
    ShardDocument,
    Space,
    StaticSummary,
    Verdict,
)
from bifocal.lenses import (
    ContextualOutput,
    DistanceBackground,
    DocumentOutputs,
    PairBackground,
    StaticOutput,
    write_outputs,
)
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.lenses.quantiles import PROBABILITIES
from bifocal_contextual.bands import Bands
from bifocal_gateway.batch.partial import ShardPartial
from bifocal_gateway.merge import merge_document, pairs, stage
from bifocal_gateway.merge.lenses import ContextualView, StaticView
from bifocal_gateway.merge.pairs import CandidatePairs, sentences_of
from bifocal_gateway.merge.report import Merged, Sources
from bifocal_gateway.merge.seen import SeenPairs
from bifocal_gateway.merge.verdicts import judge
from bifocal_gateway.units import UnitAttention, Units, static_of_units, units_of

#: A null under which a percentile equals the figure itself, between 0 and 1.
IDENTITY = PROBABILITIES.astype(np.float32)


@dataclass(frozen=True)
class Case:
    """A document and what both lenses say of it."""

    document: ShardDocument
    static: StaticOutput
    contextual: ContextualOutput
    options: Options

    def report(self) -> Report:
        return self.merged().report

    def merged(self) -> Merged:
        static = StaticSummary(model="s", space=Space.AS_TRAINED, unknown_words=[])
        contextual = ContextualSummary(
            model="c",
            method="mean",
            windows=1,
            window_tokens=9,
            coverage=1,
            sink_mass=0,
            precision="float32",
            background="document",
        )
        return merge_document(
            self.document,
            self.options,
            [StaticView(summary=static, output=self.static, content_hash="sha256:s")],
            [ContextualView(summary=contextual, output=self.contextual, content_hash="sha256:c")],
            Sources(),
        )

    @property
    def units(self) -> Units:
        return units_of(self.document, self.options, None, ())


@st.composite
def cases(draw: st.DrawFn) -> Case:
    words = draw(
        st.lists(st.sampled_from(["aa", "bb", "cc", "dd", "xx", "yy", ","]), min_size=1, max_size=14)
    )
    text = " ".join(words)
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1].tolist()
    document = ShardDocument(
        index=0, id="d", text=text, word_starts=starts,
        word_ends=[s + len(w) for s, w in zip(starts, words, strict=True)],
        sentence_starts=sorted({0, draw(st.integers(0, len(words) - 1))}),
    )  # fmt: skip
    forms = list(dict.fromkeys(words))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    vectors = random.normal(size=(len(forms), 3)).astype(np.float32)
    static = StaticOutput(
        type_of_word=np.array([forms.index(w) for w in words], dtype=np.int32),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        known=np.array([form not in ("xx", "yy") for form in forms], dtype=np.bool_),
        band=np.zeros(len(forms), dtype=np.int32),
        background=PairBackground(cosine_quantiles=IDENTITY[None], n_bands=1),
    )
    spans = [(0, len(words))]
    if len(words) > 4 and draw(st.booleans()):
        middle = draw(st.integers(2, len(words) - 2))
        spans = [(0, middle + 1), (middle - 1, len(words))]
    bands = Bands.over(np.array(spans))
    n_cells = int(bands.width.sum())
    background = DistanceBackground(
        usual_before=np.ones(len(DISTANCE_CLASSES), np.float32),
        usual_after=np.ones(len(DISTANCE_CLASSES), np.float32),
        lift_quantiles=np.tile(IDENTITY, (len(DISTANCE_CLASSES), 1)),
    )
    contextual = ContextualOutput(
        first=bands.first.astype(np.int32),
        width=bands.width.astype(np.int32),
        weight=random.random(n_cells).astype(np.float32),
        lift=random.random(n_cells).astype(np.float32),
        windows=np.array(spans, dtype=np.int32),
        background=background,
    )
    options = Options(
        permutations=draw(st.sampled_from([0, 7])),
        scope=draw(st.sampled_from(Scope)),
        static_threshold=draw(st.floats(0, 1)),
        contextual_threshold=draw(st.floats(0, 1)),
        listing=draw(st.sampled_from(Listing)),
    )
    return Case(document, static, contextual, options)


def in_scope(case: Case, i: int, j: int) -> bool:
    """Whether a pair is a candidate, by the definition of the scope."""
    if case.options.scope is Scope.SENTENCE:
        return not any(i < start <= j for start in case.document.sentence_starts)
    if case.options.scope is Scope.WINDOW:
        return any(start <= i and j < end for start, end in case.contextual.windows.tolist())
    return True


def candidate_pairs(case: Case) -> list[tuple[int, int]]:
    words = [k for k, word in enumerate(case.document.words) if word != ","]
    return [pair for pair in combinations(words, 2) if in_scope(case, *pair)]


def expected_verdict(case: Case, i: int, j: int) -> Verdict | Reason:
    """The verdict on a pair by its definition."""
    words, output = case.document.words, case.contextual
    if words[i] == words[j]:
        return Reason.SAME_WORD
    if {words[i], words[j]} & {"xx", "yy"}:
        return Reason.UNKNOWN_WORD
    if not any(start <= i and j < end for start, end in output.windows.tolist()):
        return Reason.OUTSIDE_WINDOW
    a, b = case.static.type_of_word[[i, j]]
    cosine = float(np.clip(case.static.vectors[a] @ case.static.vectors[b], -1, 1))
    offset = np.cumsum(output.width) - output.width
    lift = max(output.lift[offset[i] + j - output.first[i]], output.lift[offset[j] + i - output.first[j]])
    meaning = max(cosine, 0.0) >= case.options.static_threshold
    context = float(lift) >= case.options.contextual_threshold
    return {
        (True, True): Verdict.BOTH,
        (True, False): Verdict.MEANING_ONLY,
        (False, True): Verdict.CONTEXT_ONLY,
        (False, False): Verdict.NEITHER,
    }[meaning, context]


@settings(deadline=None, max_examples=300)
@given(cases())
def test_verdicts_are_those_of_their_definition_and_add_up_to_all_candidate_pairs(case: Case) -> None:
    report = case.report()
    expected = Counter(expected_verdict(case, i, j) for i, j in candidate_pairs(case))
    verdicts = report.verdicts
    found = Counter(
        {
            Verdict.BOTH: verdicts.both,
            Verdict.MEANING_ONLY: verdicts.meaning_only,
            Verdict.CONTEXT_ONLY: verdicts.context_only,
            Verdict.NEITHER: verdicts.neither,
            Reason.SAME_WORD: verdicts.not_comparable.same_word,
            Reason.UNKNOWN_WORD: verdicts.not_comparable.unknown_word,
            Reason.OUTSIDE_WINDOW: verdicts.not_comparable.outside_window,
        }
    )
    assert +found == +expected
    assert verdicts.total == report.n_candidate_pairs == expected.total()


@settings(deadline=None, max_examples=100)
@given(cases())
def test_the_line_of_a_report_is_that_report(case: Case) -> None:
    merged = case.merged()
    line = merged.line()
    assert line.endswith(b"\n")
    assert RESULT.validate_json(line) == merged.report
    assert json.loads(line) == json.loads(merged.report.model_dump_json())


@settings(deadline=None, max_examples=300)
@given(cases())
def test_listed_relations_are_those_asked_for_in_the_order_of_the_text(case: Case) -> None:
    report = case.report()
    wanted = {
        Listing.RELATED: {Verdict.BOTH, Verdict.MEANING_ONLY, Verdict.CONTEXT_ONLY},
        Listing.ALL: {*Verdict, Reason.SAME_WORD, Reason.UNKNOWN_WORD},
    }[case.options.listing]
    expected = [(i, j) for i, j in candidate_pairs(case) if expected_verdict(case, i, j) in wanted]
    # A pair that no window held has no weights to list.
    held = [(i, j) for i, j in expected if case.contextual.times_seen(np.array([i]), np.array([j]))[0]]
    assert [(r.a.word, r.b.word) for r in report.relations] == held
    for relation in report.relations:
        verdict = expected_verdict(case, relation.a.word, relation.b.word)
        assert relation.verdict == (verdict if isinstance(verdict, Verdict) else Verdict.NOT_COMPARABLE)
        assert relation.reason == (verdict if isinstance(verdict, Reason) else None)
        assert (relation.static is None) is bool({relation.a.text, relation.b.text} & {"xx", "yy"})


@settings(deadline=None, max_examples=100)
@given(cases())
def test_agreement_is_of_known_words_alone(case: Case) -> None:
    units, sentence = case.units, sentences_of(case.units, case.document.sentence_starts)
    blocks = CandidatePairs(units, case.contextual, case.options.scope, sentence)
    seen = SeenPairs(len(units), blocks.total)
    attention = UnitAttention(output=case.contextual, units=units)
    for block in blocks:
        seen.add(judge(block, static_of_units(case.static, units), attention, case.options))
    placed = seen.placed()
    words = case.document.words
    assert not {words[units.first[unit]] for unit in (*placed.i, *placed.j)} & {"xx", "yy"}


@settings(deadline=None, max_examples=200)
@given(cases(), st.integers(1, 20), st.integers(1, 30))
def test_of_too_many_relations_the_strongest_are_listed_and_the_rest_are_counted(
    case: Case, most: int, size: int
) -> None:
    everything = case.report()
    options = case.options.model_copy(update={"most_relations": most})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK_PAIRS", size)
        cut = Case(case.document, case.static, case.contextual, options).report()
    assert len(cut.relations) == min(most, len(everything.relations))
    assert cut.n_relations_left_out == len(everything.relations) - len(cut.relations)
    assert cut.verdicts == everything.verdicts

    def strength(relation: Relation) -> float:
        if relation.static is None or relation.reason is not None:
            return relation.contextual.percentile - 1
        return max(relation.static.percentile, relation.contextual.percentile)

    listed = [relation for relation in everything.relations if relation in cut.relations]
    assert listed == cut.relations
    others = [strength(r) for r in everything.relations if r not in cut.relations]
    assert max(others, default=-1.0) <= min((strength(r) for r in cut.relations), default=1.0) + 1e-6


@settings(deadline=None, max_examples=100)
@given(cases(), st.integers(1, 30))
def test_blocks_hold_every_pair_once_whatever_their_size(case: Case, size: int) -> None:
    units = case.units
    sentence = sentences_of(units, case.document.sentence_starts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK_PAIRS", size)
        candidates = CandidatePairs(units, case.contextual, case.options.scope, sentence)
        blocks = list(candidates)
    first = units.first.tolist()
    found = [
        (first[i], first[j])
        for block in blocks
        for i, j in zip(block.i.tolist(), block.j.tolist(), strict=True)
    ]
    expected = [
        (i, j)
        for i, j in candidate_pairs(case)
        if case.contextual.times_seen(np.array([i]), np.array([j]))[0]
    ]
    assert found == expected
    assert candidates.total == len(expected)


def test_a_fault_with_one_document_fails_that_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a shard of two documents that both lenses have read
    document = ShardDocument(index=0, id="a", text="cat", word_starts=[0], word_ends=[3], sentence_starts=[0])
    other = document.model_copy(update={"index": 1, "id": "b"})
    shard = Shard(job="j", shard=0, options=Options(), documents=[document, other])
    static, contextual = readings_of(shard)
    # When merging the first raises
    merge = stage.merge_document

    def fail_on_a(read: ShardDocument, *rest: Any) -> Merged:
        if read.id == "a":
            raise ZeroDivisionError
        return merge(read, *rest)

    monkeypatch.setattr(stage, "merge_document", fail_on_a)
    # Then the second has its report all the same
    partial = ShardPartial(shard.options.contextual_threshold)
    one, two = stage.merge_shard(shard, [static, contextual], partial)
    assert isinstance(one, Failure)
    assert (one.error.code, "ZeroDivisionError" in one.error.message) == ("internal_error", True)
    assert isinstance(two, Merged)
    # And the batch has that one alone
    (row,) = pq.read_table(io.BytesIO(partial.tables()["documents"])).to_pylist()
    assert row["document"] == "b"


def readings_of(shard: Shard) -> tuple[bytes, bytes]:
    """Lens outputs of documents of one word each."""
    null = PairBackground(cosine_quantiles=IDENTITY[None], n_bands=1)
    static = StaticOutput(
        type_of_word=np.zeros(1, np.int32),
        vectors=np.ones((1, 1), np.float32),
        known=np.ones(1, np.bool_),
        band=np.zeros(1, np.int32),
        background=null,
    )
    usual = np.ones(len(DISTANCE_CLASSES), np.float32)
    contextual = ContextualOutput(
        first=np.zeros(1, np.int32),
        width=np.ones(1, np.int32),
        weight=np.ones(1, np.float32),
        lift=np.ones(1, np.float32),
        windows=np.array([[0, 1]], np.int32),
        background=DistanceBackground(
            usual_before=usual,
            usual_after=usual,
            lift_quantiles=np.tile(IDENTITY, (len(DISTANCE_CLASSES), 1)),
        ),
    )
    indices = [document.index for document in shard.documents]
    seen = ContextualSummary(
        model="minilm-l6",
        method="mean",
        windows=1,
        window_tokens=9,
        coverage=1,
        sink_mass=0,
        precision="float32",
        background="document",
    )
    read_statically = StaticSummary(model="glove-6b-50d", space=Space.AS_TRAINED, unknown_words=[])
    read_in_context = ContextualReading(summary=seen)
    return (
        write_outputs(
            LensHeader(
                models={"glove-6b-50d": "s"},
                readings=tuple(DocumentReading(index=i, static=(read_statically,)) for i in indices),
            ),
            dict.fromkeys(indices, DocumentOutputs(static=(static,))),
        ),
        write_outputs(
            LensHeader(
                models={"minilm-l6": "c"},
                readings=tuple(DocumentReading(index=i, contextual=(read_in_context,)) for i in indices),
            ),
            dict.fromkeys(indices, DocumentOutputs(contextual=(contextual,))),
        ),
    )
