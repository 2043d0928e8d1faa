"""DuckDB as the batch report uses it: out of core, in one thread, within a memory limit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from duckdb.func import PythonUDFType

from bifocal.errors import InternalError

#: Rows handed from DuckDB to numpy together.
BATCH_ROWS = 4_096

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Database:
    """Tables, on disk as far as they do not fit in memory.

    Sums in queries are of whole numbers, so that they do not depend on the order of rows.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, statement: str, **parameters: object) -> None:
        """Run a statement for its effect; `parameters` are its ``$name`` ones."""
        self._connection.execute(statement, parameters or None)

    def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a small answer."""
        return self._connection.execute(query, parameters or None).fetchall()

    def row(self, query: str, **parameters: object) -> tuple[Any, ...]:
        """An answer of one row."""
        (row,) = self.rows(query, **parameters)
        return row

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """An answer of any size, some rows at a time; other statements may be run meanwhile."""
        with self._connection.cursor() as cursor:
            yield from cursor.sql(query).to_arrow_reader(BATCH_ROWS)

    def insert(self, table: str, parts: Iterable[Mapping[str, npt.NDArray[np.generic]]]) -> None:
        """Append columns to a table, part by part."""
        for columns in parts:
            self._connection.register("part", pa.table(dict(columns)))
            self._connection.execute(f"insert into {table} by name select * from part")
            self._connection.unregister("part")

    def add_tail(self, name: str, tail: Callable[[Longs, Longs, Floats], Floats]) -> None:
        """A function ``name(k, n, rate)`` for queries, over whole columns; no argument may be null."""

        def over_arrow(k: pa.ChunkedArray, n: pa.ChunkedArray, rate: pa.ChunkedArray) -> pa.Array:
            return pa.array(tail(k.to_numpy(), n.to_numpy(), rate.to_numpy()))

        self._connection.create_function(
            name, over_arrow, ["bigint", "bigint", "double"], "double", type=PythonUDFType.ARROW
        )


@contextmanager
def open_database(*, folder: Path, memory_mb: int) -> Iterator[Database]:
    """An empty database in `folder`.

    Raises:
        InternalError: DuckDB is at fault, or cannot do with so little memory.
    """
    settings = {
        "memory_limit": f"{memory_mb}MiB",
        "temp_directory": str(folder / "spilled"),
        "threads": "1",
        "preserve_insertion_order": "false",
        # All that is needed is built in; nothing is to be fetched.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        with duckdb.connect(folder / "batch.duckdb", config=dict(settings)) as connection:
            yield Database(connection)
    except duckdb.OutOfMemoryException as error:
        raise InternalError(
            f"the batch report does not fit in {memory_mb} MB; raise BIFOCAL_BATCH_MEMORY_MB"
        ) from error
    except duckdb.Error as error:
        raise InternalError(f"the batch report could not be made ({type(error).__name__})") from error
