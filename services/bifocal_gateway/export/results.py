"""Results of a job that has ended, a shard at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from bifocal.contracts import RESULT, Failure, Job, JobState, Report
from bifocal.errors import JobInProgress
from bifocal.ledger import Ledger
from bifocal.store import JobFiles, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a job's documents came to, in the order of submission; those refused at acceptance come first."""

    job: Job
    files: JobFiles
    merged: dict[int, int]
    """Shards, each with the attempt whose results count."""

    @classmethod
    def of(cls, store: Store, ledger: Ledger, job_id: str) -> "Results":
        """Those of a job.

        Raises:
            UnknownJob, ExpiredJob: there is none of that id.
            JobInProgress: a file of half the results would look like one of all.
        """
        job = ledger.job(job_id)
        if job.state is not JobState.ENDED:
            raise JobInProgress(
                f"job {job_id!r} has not ended, and an export holds all of its results; "
                "wait for its end, or take those that are there from /results"
            )
        return cls(job=job, files=JobFiles(store, job_id), merged=ledger.merged_shards(job_id))

    def lines(self) -> Iterator[bytes]:
        """Lines of JSON, those of a shard together."""
        return (lines for _, lines in self._bodies())

    def shards(self) -> Iterator[tuple[int | None, Iterator[Report | Failure]]]:
        """Results read, those of a shard together with its number, None for what was refused at acceptance;
        each of them is read when it is asked for."""
        for shard, lines in self._bodies():
            yield shard, (RESULT.validate_json(line) for line in lines.splitlines())

    def _bodies(self) -> Iterator[tuple[int | None, bytes]]:
        yield None, self.files.refused()
        for shard, attempt in self.merged.items():
            yield shard, self.files.results(shard, attempt)
