"""The results of a job as they lie in the store: by stretches, and one by one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice, takewhile

import orjson

from bifocal.errors import InvalidRequest, UnknownDocument
from bifocal.store import JobFiles
from bifocal_gateway.document_index import shards_of

_CURSOR = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some parts of a job's results: part 0 is what was refused at acceptance, the others are the shards.

    `merged` has the attempt of each shard whose results count; `next` is the cursor of what comes after.
    """

    parts: tuple[int, ...]
    merged: Mapping[int, int]
    next: str

    @classmethod
    def of(cls, merged: Mapping[int, int], cursor: str | None) -> "Stretch":
        """All parts that there are; with a cursor those from there to the first that is still to come.

        Raises:
            InvalidRequest: the cursor is none.
        """
        there = {0, *(shard + 1 for shard in merged)}
        if cursor is None:
            return cls(parts=tuple(sorted(there)), merged=merged, next=str(max(there) + 1))
        if not _CURSOR.fullmatch(cursor):
            raise InvalidRequest("cursor: neither 0 nor one that a stretch of results came with")
        parts = tuple(takewhile(there.__contains__, count(int(cursor))))
        return cls(parts=parts, merged=merged, next=str(parts[-1] + 1) if parts else cursor)

    def lines(self, files: JobFiles, *, offset: int, limit: int | None) -> Iterator[bytes]:
        """The lines, many at a time."""
        if not offset and limit is None:
            yield from self._bodies(files)
            return
        lines = (line for body in self._bodies(files) for line in body.splitlines(keepends=True))
        yield from islice(lines, offset, None if limit is None else offset + limit)

    def _bodies(self, files: JobFiles) -> Iterator[bytes]:
        for part in self.parts:
            yield files.results(part - 1, self.merged[part - 1]) if part else files.refused()


def result_of(files: JobFiles, merged: Mapping[int, int], document_id: str) -> bytes:
    """The line of one document.

    Raises:
        UnknownDocument: the job has none of that id, or it has not ended yet.
    """
    shards = shards_of(files.index(), document_id)
    bodies = [files.results(shard, merged[shard]) for shard in shards if shard in merged]
    for line in (line for body in (*bodies, files.refused()) for line in body.splitlines()):
        if orjson.loads(line)["id"] == document_id:
            return line
    if shards:
        raise UnknownDocument(f"document {document_id!r} has not ended yet; ask again later")
    raise UnknownDocument(f"the job has no document {document_id!r}")
