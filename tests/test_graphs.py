"""Graphs of terms, and their place in the folder of a run."""

import json
from pathlib import Path

import networkx as nx
import pytest

from bifocal.contracts import BatchPair, BatchReport, Options, Verdict
from bifocal.contracts.batch import (
    Absence,
    BatchAgreement,
    BatchStatic,
    BatchVerdicts,
    Companies,
    Constancy,
    Significance,
)
from bifocal.output.folder import BATCH, FILES, Job, write_folder
from bifocal.output.graph import graph_files, term_graph, write_graphs
from bifocal.output.tables import TableFormat
from report_builder import Pair, build_report

TEXT = "The king met the queen."
JOB = Job(options=Options(), texts={"doc-1": TEXT}, places=["here"], formats=list(TableFormat))


def pair(a: str, b: str, verdict: Verdict, **figures: object) -> BatchPair:
    told: dict[str, object] = {
        "documents": 9,
        "tied": 8,
        "occurrences": 12,
        "static": BatchStatic(cosine=0.25, percentile=0.875),
        "static_spread": 0.0,
        "contextual": 0.9,
        "contextual_spread": 0.125,
        "expected": 0.5,
        "lift": 16.0,
        "p": 1e-8,
        "q": 1e-5,
        "evidence": ["d1"],
    }
    return BatchPair.model_validate({"a": a, "b": b, "verdict": verdict, **told, **figures})


def batch(*pairs: BatchPair) -> BatchReport:
    lists = {
        name: [pair for pair in pairs if pair.verdict == name]
        for name in ("context_only", "both", "meaning_only", "not_comparable")
    }
    return BatchReport(
        complete=True,
        options=Options(),
        n_documents=9,
        n_terms=4,
        n_terms_left_out=0,
        n_pairs=len(pairs),
        n_held=20,
        n_tied=8,
        base_rate=0.4,
        verdicts=BatchVerdicts(),
        significance=Significance(
            level=0.05,
            least_documents=2,
            least_tied=2,
            n_tested=3,
            n_tied=2,
            near_rate=2.0,
            n_near_tested=1,
            n_absent=0,
        ),
        most_pairs=1_000,
        term_documents={term: 9 + len(term) for found in pairs for term in (found.a, found.b)},
        agreement=BatchAgreement(
            n_documents=0, spearman={}, chance=0.05, n_beyond_chance=0, models=(), model_spearman=()
        ),
        constancy=Constancy(least_documents=20, n_pairs=0, static_spread=None, contextual_spread={}),
        companies=Companies(least_documents=5, n_terms=0, within=None, between=None, change=None, terms=[]),
        **lists,
    )


ABSENT = Absence(expected=3.0, p=0.02, q=0.04)
WHOLE = batch(
    pair("king", "queen", Verdict.BOTH),
    pair("king", "throne", Verdict.BOTH),
    pair("bank", "river", Verdict.CONTEXT_ONLY),
    pair("bank", "money", Verdict.MEANING_ONLY, tied=0, absence=ABSENT, evidence=[]),
    pair("bank", "xq<&\u0007\ud7ff\U0001f415", Verdict.NOT_COMPARABLE, static=None, static_spread=None),
)


def test_terms_carry_their_documents_and_pairs_their_figures() -> None:
    graph = term_graph(WHOLE, Verdict.BOTH)
    assert dict(graph.nodes(data="documents")) == {"king": 13, "queen": 14, "throne": 15}
    assert set(graph.edges) == {("king", "queen"), ("king", "throne")}
    edge = graph.edges["king", "queen"]
    assert (edge["tied"], edge["lift"], edge["cosine"]) == (8, 16.0, 0.25)
    assert term_graph(WHOLE, Verdict.MEANING_ONLY).edges["bank", "money"]["absence_q"] == 0.04


@pytest.mark.parametrize("verdict", ["both", "context_only", "meaning_only", "not_comparable"])
def test_both_forms_hold_the_same_graph(verdict: str, tmp_path: Path) -> None:
    write_graphs(tmp_path, WHOLE)
    linked = json.loads((tmp_path / "graphs" / f"{verdict}.json").read_text("utf-8"))
    by_link = nx.node_link_graph(linked, edges="edges")
    by_xml = nx.read_graphml(tmp_path / "graphs" / f"{verdict}.graphml")
    # A sign that XML cannot hold is spelled out there.
    named = nx.relabel_nodes(by_link, lambda term: term.replace("\u0007", "\\u0007"))
    assert dict(by_xml.nodes(data=True)) == dict(named.nodes(data=True))
    assert {frozenset(edge): figures for *edge, figures in by_xml.edges(data=True)} == {
        frozenset(edge): figures for *edge, figures in named.edges(data=True)
    }
    assert by_link.number_of_edges() == sum(p.verdict == verdict for p in getattr(WHOLE, verdict)) > 0


def test_the_same_report_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_graphs(tmp_path / name, WHOLE)
    for name in graph_files():
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_run_writes_its_batch_report_and_one_without_leaves_none_of_the_run_before(tmp_path: Path) -> None:
    report = build_report(TEXT, [Pair(a=1, b=4)])
    write_folder(tmp_path, [report, WHOLE], JOB)
    assert {path for path in FILES if (tmp_path / path).exists()} == set(FILES)
    assert BatchReport.model_validate_json((tmp_path / BATCH).read_text("utf-8")) == WHOLE
    write_folder(tmp_path, [report], JOB)
    gone = {BATCH, *graph_files()}
    assert {path for path in FILES if (tmp_path / path).exists()} == set(FILES) - gone


def test_a_run_that_fails_leaves_the_batch_report_of_the_run_before(tmp_path: Path) -> None:
    report = build_report(TEXT, [Pair(a=1, b=4)])
    write_folder(tmp_path, [report, WHOLE], JOB)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    with pytest.raises(KeyError):
        write_folder(tmp_path, [batch(), report.model_copy(update={"id": "unheard of"})], JOB)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
