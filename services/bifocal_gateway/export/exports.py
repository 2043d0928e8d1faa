"""The formats, and what each of them is made of."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bifocal.contracts import BatchReport, ExportFormat, ExportTable
from bifocal.output.graph import batch_graph, graphml
from bifocal.output.tables import TableFormat
from bifocal_gateway.export.page import page_file
from bifocal_gateway.export.results import Results
from bifocal_gateway.export.tables import document_table, relation_table, term_pair_table

Summary = Callable[[], BatchReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file on its way."""

    name: str
    media_type: str
    body: Iterator[bytes]
    """Chunks, some of which are empty: after each shard it can be somebody else's turn."""


def needs_summary(form: ExportFormat, table: ExportTable) -> bool:
    """Whether an export is made of the batch report too."""
    return form in {ExportFormat.GRAPHML, ExportFormat.HTML} or (
        form in _TABLES and table is ExportTable.PAIRS
    )


def export(results: Results, summary: Summary, form: ExportFormat, table: ExportTable) -> Export:
    """A job's results in one of the formats; `table` says which of those that are tables.

    Nothing is read before the first chunk is asked for. `summary` gives the batch report.
    """
    if form in _TABLES:
        write = _WRITERS[table]
        return Export(
            name=f"{table}-{results.job.id}.{form}",
            media_type=_MEDIA_TYPES[form],
            body=write(results, summary, _TABLES[form]),
        )
    return Export(
        name=f"bifocal-{results.job.id}.{form}",
        media_type=_MEDIA_TYPES[form],
        body=_FILES[form](results, summary),
    )


def _graph_file(_: Results, summary: Summary) -> Iterator[bytes]:
    yield graphml(batch_graph(summary()))


def _lines(results: Results, _: Summary) -> Iterator[bytes]:
    return results.lines()


_MEDIA_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.GRAPHML: "application/graphml+xml",
    ExportFormat.HTML: "text/html; charset=utf-8",
    ExportFormat.JSONL: "application/x-ndjson",
}
_TABLES: Mapping[ExportFormat, TableFormat] = {
    ExportFormat.PARQUET: TableFormat.PARQUET,
    ExportFormat.CSV: TableFormat.CSV,
}
_WRITERS: Mapping[ExportTable, Callable[[Results, Summary, TableFormat], Iterator[bytes]]] = {
    ExportTable.RELATIONS: relation_table,
    ExportTable.DOCUMENTS: document_table,
    ExportTable.PAIRS: term_pair_table,
}
_FILES: Mapping[ExportFormat, Callable[[Results, Summary], Iterator[bytes]]] = {
    ExportFormat.GRAPHML: _graph_file,
    ExportFormat.HTML: page_file,
    ExportFormat.JSONL: _lines,
}
