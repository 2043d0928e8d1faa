"""Tables of relations, documents and pairs of terms, in Parquet and in CSV."""

import csv
import json
from itertools import combinations
from pathlib import Path

import pyarrow.parquet
import pytest

from batch_builder import Batch, Text, Vocabulary, unit_vectors
from bifocal.contracts import (
    ContextualRelation,
    Direction,
    FurtherFigures,
    LexicalKind,
    Options,
    Report,
    StaticRelation,
    Verdict,
)
from bifocal.output.documents import document_columns, document_row
from bifocal.output.relations import relation_columns, relation_rows
from bifocal.output.tables import TableFormat, Tables, at
from bifocal.output.term_pairs import term_pair_columns, term_pair_rows
from report_builder import Pair, build_report, kind

FORMATS = list(TableFormat)


def report() -> Report:
    """A report with everything that a relation may hold, by two models a side."""
    built = build_report(
        'The "old" king, Zoë met the queen.',
        [
            Pair(a=2, b=4, kind=kind("subject"), joint=0.75, without=(0.25, 0.5)),
            Pair(a=4, b=9, cosine=None, verdict=Verdict.NOT_COMPARABLE),
        ],
        catalogue="minilm-l6/1",
    )
    lexical = LexicalKind(name="hypernym", direction=Direction.B_TO_A, probability=0.625)
    seen = ContextualRelation(forward=0.5, backward=0.25, lift=2.0, percentile=0.875, rank=0.5, windows=3)
    further = FurtherFigures(
        static=(StaticRelation(cosine=0.125, percentile=0.25, rank=0.375),), contextual=(seen,)
    )
    first, second = built.relations
    assert first.static is not None
    static = first.static.model_copy(update={"kind": lexical})
    options = Options(
        static_models=("glove-6b-50d", "minilm-l6:embeddings"), contextual_models=("minilm-l6", "mine")
    )
    return built.model_copy(
        update={
            "relations": [
                first.model_copy(update={"static": static, "further": further}),
                second.model_copy(update={"further": FurtherFigures(static=(None,), contextual=(None,))}),
            ],
            "provenance": built.provenance.model_copy(update={"options": options}),
        }
    )


def read(folder: Path, name: str) -> tuple[list[dict[str, object]], list[dict[str, str]]]:
    rows = pyarrow.parquet.read_table(folder / f"{name}.parquet").to_pylist()
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return rows, list(csv.DictReader(file))


def as_text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_relations_are_a_row_each_with_every_figure_of_every_model(tmp_path: Path) -> None:
    one = report()
    options = one.provenance.options
    with Tables(tmp_path / "relations", relation_columns(options), FORMATS) as table:
        table.add(relation_rows(one))
    rows, as_csv = read(tmp_path, "relations")
    assert list(rows[0]) == list(as_csv[0]) == list(relation_columns(options))
    assert [{name: as_text(value) for name, value in row.items()} for row in rows] == as_csv
    first, second = rows
    expected = {
        "document": "doc-1", "verdict": "both", "a_text": "old", "a_n_words": 1, "same_sentence": True,
        "static_model": "glove-6b-50d",
        "static_rank": 0.954321, "contextual_rank": 0.932109,
        "lexical_kind": "hypernym", "lexical_direction": "b_to_a", "lexical_probability": 0.625,
        "kind": "subject", "kind_direction": "a_to_b", "joint": 0.75, "without_a": 0.25, "without_b": 0.5,
        "static_cosine@minilm-l6:embeddings": 0.125, "contextual_lift@mine": 2.0,
        "contextual_windows@mine": 3,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert second["b_text"] == "queen"
    for empty in ("static_cosine", "lexical_kind", "kind", "static_rank@minilm-l6:embeddings"):
        assert second[empty] is None


def test_every_figure_of_a_relation_is_in_a_column() -> None:
    one = report()
    columns = relation_rows(one)
    held = {value for values in columns.values() for value in values if isinstance(value, float)}
    relation = one.relations[0].model_dump()
    relation["kind"].pop("heads")

    def figures(value: object) -> list[float]:
        if isinstance(value, dict):
            return [figure for part in value.values() for figure in figures(part)]
        if isinstance(value, list | tuple):
            return [figure for part in value for figure in figures(part)]
        return [value] if isinstance(value, float) else []

    assert set(figures(relation)) <= held


def test_documents_are_a_row_each(tmp_path: Path) -> None:
    one = report()
    with Tables(tmp_path / "documents", document_columns(), FORMATS) as table:
        table.add(document_row(one))
        table.add(document_row(one.model_copy(update={"id": 'second, "quoted"'})))
    rows, as_csv = read(tmp_path, "documents")
    assert [{name: as_text(value) for name, value in row.items()} for row in rows] == as_csv
    assert rows[1]["document"] == 'second, "quoted"'
    expected = {
        "words": one.n_words, "both": 1, "spearman": 0.123456, "spearman_null_high": 0.039876,
        "top_overlap": 0.083333, "far_contextual": 0.312345, "sink_mass": 0.412345, "most_divergent": None,
        "unknown_words": 0, "text_hash": "sha256:7",
    }  # fmt: skip
    assert {name: rows[0][name] for name in expected} == expected


def test_pairs_of_terms_are_a_row_each_under_their_verdict(tmp_path: Path) -> None:
    # Given documents that tie one pair of their words each time, and no other
    names = [f"t{n}" for n in range(10)]
    vocabulary = Vocabulary(unit_vectors(["a", "b", *names], seed=0))
    others = [(one, other, 0.5) for one, other in combinations(names, 2)]
    texts = [Text(f"d{n}", [("a", "b", 0.995), *others]) for n in range(8)]
    batch = Batch(vocabulary, [texts]).report()
    with Tables(tmp_path / "term_pairs", term_pair_columns(), FORMATS) as table:
        table.add(term_pair_rows(batch))
    rows, as_csv = read(tmp_path, "term_pairs")
    assert [{name: as_text(value) for name, value in row.items()} for row in rows] == as_csv
    [row] = [row for row in rows if row["verdict"] in ("context_only", "both")]
    assert (row["term_a"], row["term_b"], row["documents"], row["tied"]) == ("a", "b", 8, 8)
    assert row["static_spread"] == 0
    assert json.loads(str(row["evidence"])) == ["d0", "d1", "d2"]


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    with Tables(tmp_path / "documents", document_columns(), FORMATS):
        pass
    assert pyarrow.parquet.read_table(tmp_path / "documents.parquet").column_names == list(document_columns())
    assert (tmp_path / "documents.csv").read_text("utf-8").count("\n") == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.b", 1), ("a.c.0", 2), ("a.c.5", None), ("a.c.len", 2), ("none.b.c", None), ("a.none.x", None)],
)
def test_a_path_leads_to_what_stands_there_and_to_nothing_where_it_breaks_off(
    path: str, expected: object
) -> None:
    class Inner:
        b = 1
        c = (2, 3)
        none = None

    class Outer:
        a = Inner
        none = None

    assert at(Outer, path) == expected
