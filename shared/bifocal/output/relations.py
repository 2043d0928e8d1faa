"""Relations as a table: one row a relation, written as they come."""

from pathlib import Path
from types import TracebackType
from typing import Any

from bifocal.contracts import Relation, Report
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
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> "RelationTable":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._writer.close()

    def add(self, report: Report) -> None:
        """Append a report's relations."""
        self._rows.extend(_row(report, relation) for relation in report.relations)
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


def _schema(pa: Any) -> Any:
    text, place, number, share = pa.string(), pa.int32(), pa.int32(), pa.float64()
    return pa.schema(
        [
            ("document", text),
            ("verdict", pa.dictionary(pa.int8(), text)),
            ("reason", pa.dictionary(pa.int8(), text)),
            ("a_text", text), ("a_word", place), ("a_start", place), ("a_end", place),
            ("b_text", text), ("b_word", place), ("b_start", place), ("b_end", place),
            ("distance_words", number),
            ("same_sentence", pa.bool_()),
            ("static_model", pa.dictionary(pa.int8(), text)),
            ("static_cosine", share),
            ("static_percentile", share),
            ("contextual_model", pa.dictionary(pa.int8(), text)),
            ("contextual_forward", share),
            ("contextual_backward", share),
            ("contextual_lift", share),
            ("contextual_percentile", share),
            ("contextual_windows", number),
        ]
    )  # fmt: skip


def _row(report: Report, relation: Relation) -> dict[str, Any]:
    a, b, static, contextual = relation.a, relation.b, relation.static, relation.contextual
    return {
        "document": report.id,
        "verdict": relation.verdict.value,
        "reason": relation.reason.value if relation.reason else None,
        "a_text": a.text, "a_word": a.word, "a_start": a.start, "a_end": a.end,
        "b_text": b.text, "b_word": b.word, "b_start": b.start, "b_end": b.end,
        "distance_words": relation.distance,
        "same_sentence": relation.same_sentence,
        "static_model": report.static[0].model,
        "static_cosine": static.cosine if static else None,
        "static_percentile": static.percentile if static else None,
        "contextual_model": report.contextual[0].model,
        "contextual_forward": contextual.forward,
        "contextual_backward": contextual.backward,
        "contextual_lift": contextual.lift,
        "contextual_percentile": contextual.percentile,
        "contextual_windows": contextual.windows,
    }  # fmt: skip
