"""Ways to break bifocal on purpose, one each, to see that the checks would notice."""

from enum import StrEnum
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from bifocal.contracts import ShardMessage
from bifocal.failpoints import failpoint
from bifocal.ledger import MERGE, Attempt, Ledger, Overdue
from bifocal.queue import publish
from bifocal.store import JobFiles
from bifocal.worker import LensStage


class Sabotage(StrEnum):
    """A part of the design that is left out."""

    NONE = ""
    EARLY_COMMIT = "early_commit"
    """A lens commits to the ledger before its output lies in the store."""
    NO_RECONCILER = "no_reconciler"
    """Nobody looks for stages whose message or worker was lost."""
    NO_LEASE = "no_lease"
    """Every worker is granted every lease, as if it were the first."""


class EarlyCommit(LensStage):
    """A lens stage in the wrong order."""

    def _commit(self, files: JobFiles, message: ShardMessage, attempt: int, output: bytes) -> None:
        lens = self._lens.name
        commit = self._bench.ledger.commit_lens(lens, message.job, message.shard, attempt)
        if commit.releases_merge:
            publish(self._bench.app, MERGE, message)
        failpoint(f"{lens}.written")
        files.put_reading(lens, message.shard, attempt, output)


def let_the_store_fill(flag: Path) -> None:
    """In this process, the store's disk is full for as long as there is a file `flag`."""
    write = LocalFileSystem.pipe_file

    def pipe_file(self: LocalFileSystem, path: str, value: bytes, **more: object) -> None:
        if flag.exists():
            write(self, path, value[: len(value) // 2], **more)
            raise OSError(28, "no space left on device")
        write(self, path, value, **more)

    LocalFileSystem.pipe_file = pipe_file


def grant_every_lease() -> None:
    """In this process, a lease is there for the asking."""

    def lease(_: Ledger, stage: str, job: str, shard: int, *, owner: str, for_s: float) -> Attempt:
        return Attempt(stage=stage, job=job, shard=shard, owner=owner, number=1, careful=False)

    Ledger.lease = lease  # type: ignore[method-assign]


def look_for_nothing() -> None:
    """In this process, nothing is ever overdue."""

    def overdue(_: Ledger, **__: float) -> list[Overdue]:
        return []

    Ledger.overdue = overdue  # type: ignore[method-assign, assignment]
