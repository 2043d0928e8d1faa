"""Batch reports as the gateway gives them out."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bifocal.contracts import JobState
from bifocal.ledger import Ledger
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal_gateway.batch.fold import fold
from bifocal_gateway.batch.partial import TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """Makes batch reports from the partials in the store, and keeps those of jobs that have ended."""

    settings: Settings
    store: Store
    ledger: Ledger

    def kept(self, job_id: str) -> bytes | None:
        """The batch report of a job, if that has ended and the report has been made.

        Raises:
            UnknownJob: there is none of that id.
        """
        ended = self.ledger.job(job_id).state is JobState.ENDED
        return JobFiles(self.store, job_id).summary() if ended else None

    def summary(self, job_id: str) -> bytes:
        """The batch report of a job by now, as JSON.

        Raises:
            UnknownJob: there is none of that id.
            InternalError: it cannot be made within `settings.batch_memory_mb`.
        """
        # The job before its shards: once it has ended, all of them are there.
        job = self.ledger.job(job_id)
        files = JobFiles(self.store, job_id)
        if job.state is JobState.ENDED and (kept := files.summary()) is not None:
            return kept
        shards = self.ledger.merged_shards(job_id)
        with tempfile.TemporaryDirectory(prefix="bifocal-batch-") as temporary:
            folder = Path(temporary)
            tables = {
                table: [files.terms(table, *merged, folder) for merged in shards.items()] for table in TABLES
            }
            report = fold(job, tables, folder=folder, memory_mb=self.settings.batch_memory_mb)
        body = report.model_dump_json().encode()
        if job.state is JobState.ENDED:
            files.put_summary(body)
        return body
