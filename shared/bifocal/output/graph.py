"""Graphs of terms: the lists of a batch report, for graph tools and for scripts."""

import io
import json
from pathlib import Path
from typing import Any

import regex

from bifocal.contracts import BatchPair, BatchReport, Verdict

#: Folder of the graphs, and the verdicts that have one.
GRAPHS = "graphs"
VERDICTS = (Verdict.BOTH, Verdict.CONTEXT_ONLY, Verdict.MEANING_ONLY, Verdict.NOT_COMPARABLE)

#: What XML 1.0 cannot hold, not even escaped.
_NOT_IN_XML = regex.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def graph_files() -> list[str]:
    """Names of all files that `write_graphs` writes, within its folder."""
    return [f"{GRAPHS}/{verdict.value}.{form}" for verdict in VERDICTS for form in ("graphml", "json")]


def write_graphs(folder: Path, batch: BatchReport) -> None:
    """Write a graph for each verdict into `folder`, as GraphML and as JSON (networkx's node-link form)."""
    import networkx as nx  # it takes a fifth of a second, which other commands need not wait for

    (folder / GRAPHS).mkdir()
    for verdict in VERDICTS:
        graph = term_graph(batch, verdict)
        path = folder / GRAPHS / f"{verdict.value}.json"
        linked = nx.node_link_data(graph, edges="edges")
        path.write_text(json.dumps(linked, ensure_ascii=False, indent=1) + "\n", "utf-8")
        path.with_suffix(".graphml").write_bytes(graphml(graph))


def batch_graph(batch: BatchReport) -> Any:
    """All lists as one `networkx.Graph`: each pair is on one of them, and its edge says on which."""
    import networkx as nx

    graphs = {verdict: term_graph(batch, verdict) for verdict in VERDICTS}
    for verdict, graph in graphs.items():
        nx.set_edge_attributes(graph, verdict.value, "verdict")
    whole = nx.compose_all(list(graphs.values()))
    whole.graph.clear()
    return whole


def graphml(graph: Any) -> bytes:
    """A graph as GraphML; what XML cannot hold is spelled out."""
    import networkx as nx

    written = io.BytesIO()
    # By the standard library's XML: with lxml, where it is installed, the bytes would be others.
    nx.write_graphml_xml(nx.relabel_nodes(graph, _in_xml), written)
    return written.getvalue()


def term_graph(batch: BatchReport, verdict: Verdict) -> Any:
    """The `networkx.Graph` of a verdict's list: terms with their documents, pairs with their figures."""
    import networkx as nx

    pairs: list[BatchPair] = getattr(batch, verdict.value)
    graph = nx.Graph(verdict=verdict.value)
    for term in sorted({term for pair in pairs for term in (pair.a, pair.b)}):
        graph.add_node(term, documents=batch.term_documents[term])
    for pair in pairs:
        graph.add_edge(pair.a, pair.b, **_figures(pair))
    return graph


def _figures(pair: BatchPair) -> dict[str, object]:
    """Figures of an edge; those that there are none of are left out, since GraphML has no null."""
    figures: dict[str, object | None] = {
        "documents": pair.documents,
        "tied": pair.tied,
        "expected": pair.expected,
        "lift": pair.lift,
        "q": pair.q,
        "cosine": pair.static and pair.static.cosine,
        "static_percentile": pair.static and pair.static.percentile,
        "contextual": pair.contextual,
        "contextual_spread": pair.contextual_spread,
        "absence_q": pair.absence and pair.absence.q,
    }
    return {name: value for name, value in figures.items() if value is not None}


def _in_xml(term: str) -> str:
    return str(_NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", term))
