"""Tables written as they grow: Parquet or CSV, the same columns in both."""

import csv
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from bifocal.errors import MissingExtra

#: Rows of a Parquet row group.
_ROW_GROUP = 50_000

Rows = Mapping[str, Sequence[Any]]


class TableFormat(StrEnum):
    """How tables are written."""

    PARQUET = "parquet"
    CSV = "csv"


class Kind(StrEnum):
    """What a column holds; any may be empty."""

    TEXT = "text"
    CATEGORY = "category"
    """Text of few values."""
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"


Columns = Mapping[str, Kind]


class Table(Protocol):
    """Takes rows until it is closed."""

    def add(self, rows: Rows) -> None:
        """Append rows, given as columns of equal length by their names."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


def open_table(path: Path, columns: Columns, table_format: TableFormat) -> Table:
    """A new table; it is there whole once it is closed.

    Raises:
        MissingExtra: Parquet is asked for, and pyarrow is not installed.
    """
    return (_Parquet if table_format is TableFormat.PARQUET else _Csv)(path, columns)


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path below a value: names, places in a row, `len`; None where it breaks off."""
    for part in path.split("."):
        if value is None:
            return None
        if part == "len":
            value = len(value)
        elif part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = getattr(value, part)
    return value


class Tables:
    """One table in several formats, as a context; `stem` is its path without a suffix."""

    def __init__(self, stem: Path, columns: Columns, formats: Sequence[TableFormat]) -> None:
        self._tables = [open_table(stem.with_suffix(f".{one}"), columns, one) for one in formats]

    def add(self, rows: Rows) -> None:
        """Append rows, given as columns of equal length by their names."""
        for table in self._tables:
            table.add(rows)

    def __enter__(self) -> "Tables":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for table in self._tables:
            table.close()


class _Parquet:
    def __init__(self, path: Path, columns: Columns) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise MissingExtra("Parquet needs pyarrow; install `bifocal[local]`, or write CSV") from None
        types = {
            Kind.TEXT: pa.string(),
            Kind.CATEGORY: pa.dictionary(pa.int32(), pa.string()),
            Kind.INT: pa.int64(),
            Kind.FLOAT: pa.float64(),
            Kind.BOOL: pa.bool_(),
        }
        self._pa = pa
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._held: dict[str, list[Any]] = {name: [] for name in columns}
        self._n_held = 0

    def add(self, rows: Rows) -> None:
        for name, held in self._held.items():
            held.extend(rows[name])
        self._n_held = len(next(iter(self._held.values())))
        if self._n_held >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._n_held:
            self._writer.write_table(self._pa.table(self._held, schema=self._schema))
            self._held = {name: [] for name in self._held}
            self._n_held = 0


class _Csv:
    """As RFC 4180 has it, in UTF-8; what is empty is empty, booleans are `true` and `false`."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._columns = columns
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def add(self, rows: Rows) -> None:
        columns = [
            [_LOWER.get(value, value) for value in rows[name]] if kind is Kind.BOOL else rows[name]
            for name, kind in self._columns.items()
        ]
        self._writer.writerows(zip(*columns, strict=True))

    def close(self) -> None:
        self._file.close()


_LOWER = {True: "true", False: "false"}
