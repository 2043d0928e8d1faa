"""The ids of a job's documents, however many: on the disk, so that memory does not grow with the job."""

import sqlite3
from types import TracebackType


class SeenIds:
    """Says of each id whether it came before."""

    def __init__(self) -> None:
        # An empty name is a database of one connection in a temporary file, with a page cache before it.
        self._ids = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._ids.execute("pragma journal_mode = off")
        self._ids.execute("pragma cache_size = -4096")
        self._ids.execute("create table ids (id text primary key) without rowid")
        self._ids.execute("begin")

    def __enter__(self) -> "SeenIds":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ids.close()

    def add(self, name: str) -> bool:
        """Note an id; False if it was there."""
        # SQLite takes no lone surrogates, which JSON can hold; every string has its own form in Latin-1.
        held = name.encode("utf-8", errors="surrogatepass").decode("latin-1")
        return self._ids.execute("insert or ignore into ids values (?)", (held,)).rowcount == 1
