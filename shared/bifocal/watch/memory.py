"""What a watcher remembers, so that it can die at any moment.

A file is *taken* into a batch before the batch is submitted, *written* when its reports lie in their place,
and *moved* when it has left the watched folder, which is the last step. A batch is there from the moment its
files are taken until all of them have moved; its key goes along with the submission, so that a batch that is
submitted again is the same job.
"""

import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pydantic

from bifocal.contracts import Failure, Options
from bifocal.errors import AlreadyWatched
from bifocal.watch.folders import Stamp
from bifocal.watch.source import Source

_FAILURES: pydantic.TypeAdapter[tuple[Failure, ...]] = pydantic.TypeAdapter(tuple[Failure, ...])

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    key TEXT PRIMARY KEY,
    options TEXT NOT NULL,
    terms TEXT NOT NULL,
    job TEXT
);
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY,
    path BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    n_documents INTEGER NOT NULL,
    failures TEXT NOT NULL,
    batch TEXT NOT NULL,
    step TEXT NOT NULL,
    UNIQUE (path, sha256)
);
CREATE INDEX IF NOT EXISTS files_by_batch ON files (batch);
"""


class Step(StrEnum):
    """How far a file is."""

    TAKEN = "taken"
    WRITTEN = "written"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Files that are one job."""

    key: str
    options: Options
    terms: list[str]
    job: str | None
    """None until the submission was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file that is remembered; `failures` are, once it was written, all that it has."""

    number: int
    source: Source
    step: Step


class Memory:
    """Opens what is remembered in a folder, for one watcher at a time.

    Raises:
        AlreadyWatched: another one has it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise AlreadyWatched(f"{folder.parent} is watched already, by another `bifocal watch`") from None
        self._db = sqlite3.connect(folder / "memory.sqlite")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> "Memory":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._lock.close()

    def take(self, sources: Sequence[Source], options: Options, terms: Sequence[str]) -> Batch:
        """Remember files as a batch that is about to be submitted."""
        key = uuid.uuid4().hex
        with self._db:
            self._db.execute(
                "INSERT INTO batches (key, options, terms) VALUES (?, ?, ?)",
                (key, options.model_dump_json(), json.dumps(list(terms))),
            )
            self._db.executemany(
                "INSERT INTO files (path, sha256, size_bytes, mtime_ns, n_documents, failures, batch, step)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        os.fsencode(one.path),
                        one.sha256,
                        one.stamp.size_bytes,
                        one.stamp.mtime_ns,
                        one.n_documents,
                        _FAILURES.dump_json(one.failures).decode(),
                        key,
                        Step.TAKEN,
                    )
                    for one in sources
                ],
            )
        return Batch(key=key, options=options, terms=list(terms), job=None)

    def submitted(self, batch: Batch, job: str) -> None:
        """Remember a batch's job."""
        with self._db:
            self._db.execute("UPDATE batches SET job = ? WHERE key = ?", (job, batch.key))

    def written(self, file: Known, failures: Sequence[Failure]) -> None:
        """Remember that a file's reports lie in their place, and which of its documents have none."""
        with self._db:
            self._db.execute(
                "UPDATE files SET step = ?, failures = ? WHERE number = ?",
                (Step.WRITTEN, _FAILURES.dump_json(tuple(failures)).decode(), file.number),
            )

    def moved(self, file: Known) -> None:
        """Remember that a file has left the watched folder."""
        with self._db:
            self._db.execute("UPDATE files SET step = ? WHERE number = ?", (Step.MOVED, file.number))

    def ended(self, batch: Batch) -> None:
        """Forget a batch, not its files: nothing of it is to be done."""
        with self._db:
            self._db.execute("DELETE FROM batches WHERE key = ?", (batch.key,))

    def give_up(self, batch: Batch) -> None:
        """Forget a batch and those of its files that are not written: they are new again."""
        with self._db:
            self._db.execute("DELETE FROM files WHERE batch = ? AND step = ?", (batch.key, Step.TAKEN))

    def forget(self, file: Known) -> None:
        """Forget a file, so that it is new."""
        with self._db:
            self._db.execute("DELETE FROM files WHERE number = ?", (file.number,))

    def batches(self) -> list[Batch]:
        """Batches of which something is still to be done."""
        rows = self._db.execute("SELECT key, options, terms, job FROM batches ORDER BY rowid")
        return [
            Batch(key=key, options=Options.model_validate_json(options), terms=json.loads(terms), job=job)
            for key, options, terms, job in rows
        ]

    def files(self, batch: Batch) -> list[Known]:
        """Files of a batch, in the order in which they were taken."""
        return self._known("batch = ?", batch.key)

    def find(self, source: Source) -> Known | None:
        """What is remembered of a file of this name and content."""
        found = self._known("path = ? AND sha256 = ?", os.fsencode(source.path), source.sha256)
        return found[0] if found else None

    def failures(self) -> list[Failure]:
        """Every failure of files that were written."""
        rows = self._db.execute(
            "SELECT failures FROM files WHERE failures != '[]' AND step != ? ORDER BY number", (Step.TAKEN,)
        )
        return [failure for (one,) in rows for failure in _FAILURES.validate_json(one)]

    def _known(self, where: str, *values: object) -> list[Known]:
        columns = "number, path, sha256, size_bytes, mtime_ns, n_documents, failures, step"
        rows = self._db.execute(
            f"SELECT {columns} FROM files WHERE {where} ORDER BY number",  # noqa: S608  (names of ours alone)
            values,
        )
        return [
            Known(
                number=number,
                source=Source(
                    path=Path(os.fsdecode(path)),
                    sha256=sha256,
                    stamp=Stamp(size_bytes=size_bytes, mtime_ns=mtime_ns),
                    n_documents=n_documents,
                    failures=_FAILURES.validate_json(failures),
                ),
                step=Step(step),
            )
            for number, path, sha256, size_bytes, mtime_ns, n_documents, failures, step in rows
        ]
