"""Tables written as they grow: Parquet or CSV, the same columns in both."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from bifocal.errors import MissingExtra

#: Rows of a Parquet row group.
ROW_GROUP = 50_000

#: What a spreadsheet takes for the beginning of a formula, also in full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

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


def open_table(
    where: Path | BinaryIO, columns: Columns, table_format: TableFormat, *, row_group: int = ROW_GROUP
) -> Table:
    """A new table in a file, or written to a stream, which stays open; it is there whole once it is closed.

    `row_group` is how many rows are held until they are written, of Parquet.

    Raises:
        MissingExtra: Parquet is asked for, and pyarrow is not installed.
    """
    if table_format is TableFormat.PARQUET:
        return _Parquet(where, columns, row_group)
    return _Csv(where, columns)


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path below a value: names, places in a row, `len`; None where it breaks off."""
    for part in _parts(path):
        if value is None:
            return None
        if part == "len":
            value = len(value)
        elif isinstance(part, int):
            value = value[part] if part < len(value) else None
        else:
            value = getattr(value, part)
    return value


@cache
def _parts(path: str) -> tuple[str | int, ...]:
    """Kept, because a table asks for the same few paths once for each of its cells."""
    return tuple(int(part) if part.isdigit() else part for part in path.split("."))


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
    def __init__(self, where: Path | BinaryIO, columns: Columns, row_group: int) -> None:
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
        self._row_group = row_group
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._writer = pq.ParquetWriter(where, self._schema, compression="zstd")
        self._held: dict[str, list[Any]] = {name: [] for name in columns}
        self._n_held = 0

    def add(self, rows: Rows) -> None:
        for name, held in self._held.items():
            held.extend(rows[name])
        self._n_held = len(next(iter(self._held.values())))
        if self._n_held >= self._row_group:
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
    """As RFC 4180 has it, in UTF-8; what is empty is empty, booleans are `true` and `false`.

    Texts are others' and go into spreadsheets, so one that would be a formula there gets an apostrophe first.
    """

    def __init__(self, where: Path | BinaryIO, columns: Columns) -> None:
        self._columns = columns
        self._stays_open = not isinstance(where, Path)
        self._file: io.TextIOWrapper = (
            where.open("w", encoding="utf-8", newline="")
            if isinstance(where, Path)
            else io.TextIOWrapper(where, encoding="utf-8", newline="", write_through=True)
        )
        self._writer = csv.writer(self._file)
        self._writer.writerow(map(_no_formula, columns))

    def add(self, rows: Rows) -> None:
        columns = [_CELLS.get(kind, _as_it_is)(rows[name]) for name, kind in self._columns.items()]
        self._writer.writerows(zip(*columns, strict=True))

    def close(self) -> None:
        if self._stays_open:
            self._file.flush()
            self._file.detach()
        else:
            self._file.close()


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _as_it_is(column: Sequence[Any]) -> Sequence[Any]:
    return column


def _texts(column: Sequence[Any]) -> Sequence[Any]:
    return [text and _no_formula(text) for text in column]


def _booleans(column: Sequence[Any]) -> Sequence[Any]:
    return [_LOWER.get(value, value) for value in column]


_LOWER = {True: "true", False: "false"}
_CELLS: Mapping[Kind, Callable[[Sequence[Any]], Sequence[Any]]] = {
    Kind.TEXT: _texts,
    Kind.CATEGORY: _texts,
    Kind.BOOL: _booleans,
}
