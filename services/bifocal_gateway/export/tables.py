"""Tables, written while they are sent."""

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from bifocal.contracts import BatchReport, Report
from bifocal.output.documents import document_columns, document_row
from bifocal.output.relations import relation_columns, relation_rows
from bifocal.output.tables import Columns, Rows, TableFormat, open_table
from bifocal.output.term_pairs import term_pair_columns, term_pair_rows
from bifocal_gateway.export.results import Results

#: Rows that are held of each table that is being sent, of Parquet.
_ROW_GROUP = 10_000


def relation_table(
    results: Results, _: Callable[[], BatchReport], table_format: TableFormat
) -> Iterator[bytes]:
    """A row for each listed relation."""
    return _table(results, relation_columns(results.job.options), relation_rows, table_format)


def document_table(
    results: Results, _: Callable[[], BatchReport], table_format: TableFormat
) -> Iterator[bytes]:
    """A row for each document that has a report."""
    return _table(results, document_columns(), document_row, table_format)


def term_pair_table(
    _: Results, summary: Callable[[], BatchReport], table_format: TableFormat
) -> Iterator[bytes]:
    """A row for each pair of terms that the batch report lists."""
    sink = _Sink()
    table = open_table(cast(BinaryIO, sink), term_pair_columns(), table_format)
    table.add(term_pair_rows(summary()))
    table.close()
    yield sink.taken()


def _table(
    results: Results, columns: Columns, rows: Callable[[Report], Rows], table_format: TableFormat
) -> Iterator[bytes]:
    sink = _Sink()
    table = open_table(cast(BinaryIO, sink), columns, table_format, row_group=_ROW_GROUP)
    for _, shard in results.shards():
        for result in shard:
            if isinstance(result, Report):
                table.add(rows(result))
        yield sink.taken()
    # Not when it breaks off: a file without its end is seen to be none.
    table.close()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what is written until it is sent on."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        taken = bytes(memoryview(cast(bytes, part)))
        self._parts.append(taken)
        return len(taken)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
