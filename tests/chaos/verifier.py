"""Holds what came of documents against the test's own record of what was answered for."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import redis

from bifocal.contracts import JobState
from bifocal.errors import UnknownJob
from bifocal.store import JobFiles
from bifocal_gateway.batch.partial import TABLES
from chaos.stack import LightStack
from chaos.until import TookTooLong, until

#: Keys that are there in a Redis where nothing is to do.
_LASTING = (
    "bifocal:schema",
    "bifocal:jobs",
    "bifocal:jobs_of:*",
    "bifocal:job:*",
    "bifocal:merged:*",
    "bifocal:waiting",
    "bifocal:ended",
    "bifocal:sent",
    "bifocal:front",
    "bifocal:reconciler",
    "bifocal:totals",
    "bifocal:worker:*",
    "bifocal:workers:*",
    "bifocal:broker:_kombu.binding*",
)


@dataclass
class Findings:
    """What became of all documents that were answered for."""

    submitted: int = 0
    exactly_once: int = 0
    lost: list[str] = field(default_factory=list)
    """Of a job that has ended or is gone, and in no part of its results."""
    pending: list[str] = field(default_factory=list)
    """Of a job that has not ended."""
    duplicated: list[str] = field(default_factory=list)
    """More than once in the results, or never submitted."""
    failed: dict[str, str] = field(default_factory=dict)
    """Ended as failures, with the message."""
    differing: list[str] = field(default_factory=list)
    """Reports that are not those of the undisturbed run."""
    left_behind: list[str] = field(default_factory=list)
    """Keys in Redis and blobs in the store that nobody will read."""

    @property
    def identical(self) -> int:
        """Reports that are those of the undisturbed run, to the byte."""
        return self.exactly_once - len(self.failed) - len(self.differing)

    @property
    def holds(self) -> bool:
        """Whether the contract was kept."""
        broken = (self.lost, self.pending, self.duplicated, self.differing, self.left_behind)
        return not any(broken) and self.exactly_once == self.submitted


class Verifier:
    """Remembers what was submitted, in this process alone, and looks for it in the stack.

    `undisturbed` has the line of results of each document, by its id, from a run in which nothing failed.
    """

    def __init__(self, stack: LightStack) -> None:
        self._stack = stack
        self.undisturbed: dict[str, bytes] = {}
        self.answered: dict[str, list[str]] = {}

    def submit(self, documents: list[dict[str, str]]) -> str:
        """Submit a job and remember it, once it is answered for."""
        job = self._stack.submit(documents)
        self.answered[job] = [document["id"] for document in documents]
        return job

    def learn(self, documents: list[dict[str, str]]) -> None:
        """Take the reports of documents for those of an undisturbed run: now, while nothing fails."""
        job = self.submit(documents)
        self.wait(job)
        for line in self._lines(job):
            result = json.loads(line)
            assert result["outcome"] == "succeeded", line
            self.undisturbed[result["id"]] = line
        assert self.undisturbed.keys() >= {document["id"] for document in documents}

    def ended(self, job: str) -> bool:
        """Whether a job has ended; one of which the ledger does not know has not, nor if Redis is away."""
        try:
            return self._stack.ledger.job(job).state is JobState.ENDED
        except (UnknownJob, redis.RedisError):
            return False

    def wait(self, job: str, *, within_s: float = 40.0) -> None:
        """Wait until a job has ended."""
        until(f"job {job} has ended", lambda: self.ended(job), within_s=within_s)

    def results(self, job: str) -> list[bytes]:
        """The lines of a job's results, as the gateway gives them out."""
        return list(self._lines(job))

    def check(self, *jobs: str, clean_within_s: float = 15.0) -> Findings:
        """Look for the documents of some jobs, or of all, and for what is left behind."""
        found = Findings()
        for job in jobs or self.answered:
            self._look_for(job, found)
        try:
            until("nothing is left behind", lambda: not self.left_behind(), within_s=clean_within_s)
        except TookTooLong:
            found.left_behind = self.left_behind()
        return found

    def left_behind(self) -> list[str]:
        """Keys and blobs that nobody will read."""
        return [*self._stray_keys(), *self._stray_blobs()]

    def _look_for(self, job: str, found: Findings) -> None:
        ids = self.answered[job]
        found.submitted += len(ids)
        if not self.ended(job):
            places = found.lost if self._is_unknown(job) else found.pending
            places.extend(f"{job}/{id_}" for id_ in ids)
            return
        lines: dict[str, list[bytes]] = {}
        for line in self._lines(job):
            lines.setdefault(json.loads(line)["id"], []).append(line)
        times = Counter({id_: len(there) for id_, there in lines.items()})
        found.lost.extend(f"{job}/{id_}" for id_ in ids if not times[id_])
        found.duplicated.extend(f"{job}/{id_}" for id_ in times if times[id_] > 1 or id_ not in ids)
        for id_ in ids:
            if times[id_] == 1:
                found.exactly_once += 1
                self._compare(job, id_, lines[id_][0], found)

    def _compare(self, job: str, id_: str, line: bytes, found: Findings) -> None:
        result = json.loads(line)
        if result["outcome"] != "succeeded":
            found.failed[f"{job}/{id_}"] = f"{result['error']['code']}: {result['error']['message']}"
        elif line != self.undisturbed.get(id_):
            found.differing.append(f"{job}/{id_}")

    def _is_unknown(self, job: str) -> bool:
        try:
            self._stack.ledger.job(job)
        except UnknownJob:
            return True
        return False

    def _lines(self, job: str) -> Iterator[bytes]:
        files = JobFiles(self._stack.store, job)
        for shard, attempt in self._stack.ledger.merged_shards(job).items():
            try:
                yield from files.results(shard, attempt).splitlines()
            except FileNotFoundError:
                # The gateway would fail here; what is not there counts as lost.
                continue

    def _stray_keys(self) -> Iterator[str]:
        for key in self._stack.ledger._redis.scan_iter(count=1000):
            if not any(fnmatch(key, lasting) for lasting in _LASTING):
                yield str(key)

    def _stray_blobs(self) -> Iterator[str]:
        folder = self._stack.store_folder
        merged: dict[str, Mapping[int, int]] = {}
        # Unlike a glob, a walk does not mind that folders go while it is at them.
        for path in (Path(parent, name) for parent, _, names in os.walk(folder / "jobs") for name in names):
            job, *rest = path.relative_to(folder / "jobs").parts
            if job not in merged:
                merged[job] = self._stack.ledger.merged_shards(job)
            if not _is_result("/".join(rest), merged[job]):
                yield str(path.relative_to(folder))


def _is_result(name: str, merged: Mapping[int, int]) -> bool:
    """Whether a blob of a job is part of its results."""
    kind, _, file = name.partition("/")
    if kind == "texts":
        return bool(merged)
    if kind not in ("results", "terms"):
        # A job that has ended has its manifest, by which it is found again if Redis is lost.
        return name in {"refused.jsonl.gz", "accepted.json", "documents.index"} and bool(merged)
    shard = file.partition(".")[0]
    suffixes = ["jsonl.gz"] if kind == "results" else [f"{table}.parquet" for table in TABLES]
    return shard.isdigit() and file in {f"{shard}.{merged.get(int(shard))}.{suffix}" for suffix in suffixes}
