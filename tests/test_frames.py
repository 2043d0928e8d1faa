"""Results as tables of pandas and Polars."""

import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest

from batch_builder import Batch, Text, Vocabulary, unit_vectors
from bifocal import Failure, Report, tables
from bifocal.contracts import ErrorDetail, FurtherFigures, Options, StaticRelation, Verdict
from bifocal.errors import EmptyDocument, MissingExtra
from bifocal.output.documents import document_columns, document_row
from bifocal.output.relations import relation_columns, relation_rows
from bifocal.output.tables import Columns, Rows, TableFormat, Tables
from bifocal.output.term_pairs import term_pair_columns
from report_builder import Pair, build_report, kind

FAILURE = Failure(id="empty", error=ErrorDetail.of(EmptyDocument("nothing")))


def report(name: str = "doc-1") -> Report:
    pairs = [
        Pair(a=2, b=4, kind=kind("subject"), joint=0.75),
        Pair(a=4, b=9, cosine=None, verdict=Verdict.NOT_COMPARABLE),
    ]
    return build_report('The "old" king, Zoë met the queen.', pairs).model_copy(update={"id": name})


def by_two_models(one: Report) -> Report:
    """The same, as a job with a second static model has it."""
    figures = StaticRelation(cosine=0.125, percentile=0.25, rank=0.375)
    further = FurtherFigures(static=(figures,), contextual=())
    options = Options(static_models=("glove-6b-50d", "other"))
    return one.model_copy(
        update={
            "relations": [relation.model_copy(update={"further": further}) for relation in one.relations],
            "provenance": one.provenance.model_copy(update={"options": options}),
        }
    )


def written(folder: Path, columns: Columns, rows: list[Rows]) -> Path:
    """The table as the command line writes it."""
    with Tables(folder / "table", columns, [TableFormat.PARQUET]) as table:
        for one in rows:
            table.add(one)
    return folder / "table.parquet"


def without_nan(frame: pandas.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


@pytest.mark.parametrize(
    ("make", "columns", "rows"),
    [
        (tables.relations, relation_columns(Options()), relation_rows),
        (tables.documents, document_columns(), document_row),
    ],
)
def test_frames_hold_what_the_tables_hold_that_the_command_line_writes(
    make: Any, columns: Columns, rows: Any, tmp_path: Path
) -> None:
    reports = [report(), report("second")]
    path = written(tmp_path, columns, [rows(one) for one in reports])
    table = make([reports[0], FAILURE, reports[1]])
    expected = polars.read_parquet(path)
    found = table.to_polars()
    assert found.columns == expected.columns
    assert found.to_dicts() == expected.to_dicts()
    assert without_nan(table.to_pandas()) == expected.to_dicts()


def test_whole_numbers_and_truths_stay_what_they_are_where_some_are_missing() -> None:
    frame = tables.relations([report()]).to_pandas()
    assert str(frame["a_word"].dtype) == "Int64"
    assert str(frame["same_sentence"].dtype) == "boolean"
    assert str(frame["verdict"].dtype) == "category"
    assert frame["static_cosine"].isna().tolist() == [False, True]


def test_results_may_come_one_by_one() -> None:
    assert tables.documents(report(str(n)) for n in range(3)).to_polars()["document"].to_list() == [
        "0",
        "1",
        "2",
    ]


def test_of_jobs_with_other_models_each_has_its_columns() -> None:
    frame = tables.relations([report(), by_two_models(report("second"))]).to_polars()
    assert frame["static_cosine@other"].to_list() == [None, None, 0.125, 0.125]


@pytest.mark.parametrize("results", [[], [FAILURE]])
def test_no_report_is_a_table_of_no_rows(results: list[Report | Failure]) -> None:
    assert tables.relations(results).to_polars().columns == list(relation_columns(Options()))
    assert len(tables.documents(results).to_pandas()) == 0


def test_pairs_of_terms_are_a_table_too() -> None:
    names = [f"t{n}" for n in range(10)]
    others = [(one, other, 0.5) for one, other in combinations(names, 2)]
    texts = [Text(f"d{n}", [("a", "b", 0.995), *others]) for n in range(8)]
    batch = Batch(Vocabulary(unit_vectors(["a", "b", *names], seed=0)), [texts]).report()
    frame = tables.term_pairs(batch).to_polars()
    assert frame.columns == list(term_pair_columns())
    tied = frame.filter(polars.col("verdict").is_in(["context_only", "both"]))
    assert tied.select("term_a", "term_b", "tied").rows() == [("a", "b", 8)]


@pytest.mark.parametrize("missing", ["pandas", "polars"])
def test_what_is_not_installed_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    table = tables.relations([report()])
    with pytest.raises(MissingExtra, match="frames"):
        getattr(table, f"to_{missing}")()
