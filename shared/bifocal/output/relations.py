"""Relations as a table: one row a relation, written as they come."""

from pathlib import Path
from types import TracebackType
from typing import Any

from bifocal.contracts import Report
from bifocal.errors import MissingExtra

#: Rows held before they are written.
_ROW_GROUP = 50_000


class RelationTable:
    """Writes `relations.parquet`; `docs/reading-a-report.md` names the columns.

    Raises:
        MissingExtra: pyarrow is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise MissingExtra("relations.parquet needs pyarrow; install `bifocal[local]`") from None
        self._pa = pa
        self._schema = _schema(pa)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema.names}

    def __enter__(self) -> "RelationTable":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._writer.close()

    def add(self, report: Report) -> None:
        """Append a report's relations."""
        for name, values in _columns(report).items():
            self._columns[name].extend(values)
        if len(self._columns["document"]) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._columns["document"]:
            self._writer.write_table(self._pa.table(self._columns, schema=self._schema))
            self._columns = {name: [] for name in self._schema.names}


def _schema(pa: Any) -> Any:
    text, place, number, share = pa.string(), pa.int32(), pa.int32(), pa.float64()
    name = pa.dictionary(pa.int32(), text)
    return pa.schema(
        [
            ("document", name),
            ("verdict", name),
            ("reason", name),
            ("a_text", text), ("a_word", place), ("a_start", place), ("a_end", place),
            ("b_text", text), ("b_word", place), ("b_start", place), ("b_end", place),
            ("distance_words", number),
            ("same_sentence", pa.bool_()),
            ("static_model", name),
            ("static_cosine", share),
            ("static_percentile", share),
            ("contextual_model", name),
            ("contextual_forward", share),
            ("contextual_backward", share),
            ("contextual_lift", share),
            ("contextual_percentile", share),
            ("contextual_windows", number),
            ("without_a", share), ("without_b", share),
            ("kind", name), ("kind_direction", name), ("kind_probability", share),
            ("joint", share),
        ]
    )  # fmt: skip


def _columns(report: Report) -> dict[str, list[Any]]:
    relations = report.relations
    n = len(relations)
    return {
        "document": [report.id] * n,
        "verdict": [r.verdict.value for r in relations],
        "reason": [r.reason.value if r.reason else None for r in relations],
        "a_text": [r.a.text for r in relations],
        "a_word": [r.a.word for r in relations],
        "a_start": [r.a.start for r in relations],
        "a_end": [r.a.end for r in relations],
        "b_text": [r.b.text for r in relations],
        "b_word": [r.b.word for r in relations],
        "b_start": [r.b.start for r in relations],
        "b_end": [r.b.end for r in relations],
        "distance_words": [r.distance for r in relations],
        "same_sentence": [r.same_sentence for r in relations],
        "static_model": [report.static[0].model] * n,
        "static_cosine": [r.static.cosine if r.static else None for r in relations],
        "static_percentile": [r.static.percentile if r.static else None for r in relations],
        "contextual_model": [report.contextual[0].model] * n,
        "contextual_forward": [r.contextual.forward for r in relations],
        "contextual_backward": [r.contextual.backward for r in relations],
        "contextual_lift": [r.contextual.lift for r in relations],
        "contextual_percentile": [r.contextual.percentile for r in relations],
        "contextual_windows": [r.contextual.windows for r in relations],
        "without_a": [r.contextual.without.a if r.contextual.without else None for r in relations],
        "without_b": [r.contextual.without.b if r.contextual.without else None for r in relations],
        "kind": [r.kind.name if r.kind else None for r in relations],
        "kind_direction": [r.kind.direction.value if r.kind else None for r in relations],
        "kind_probability": [r.kind.probability if r.kind else None for r in relations],
        "joint": [r.joint for r in relations],
    }
