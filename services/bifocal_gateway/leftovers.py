"""Removes what nobody will read any more from the store."""

from bifocal.ledger import MERGE, Ledger
from bifocal.lenses import LENSES
from bifocal.store import JobFiles, Store
from bifocal_gateway.batch.partial import TABLES


def clear_shard(ledger: Ledger, files: JobFiles, job: str, shard: int) -> None:
    """Remove all of a merged shard but the results that count; doing so again changes nothing."""
    traces = ledger.leftovers.traces(job, shard)
    if traces is None:
        return
    for stage, attempts in traces.attempts.items():
        for number in range(1, attempts + 1):
            if stage != MERGE:
                files.forget_reading(stage, shard, number)
            elif number != traces.counts:
                files.forget_results(shard, number, TABLES)
    if max(traces.attempts.values(), default=1) > 1:
        # An attempt that died may have died while it wrote.
        files.forget_unfinished(shard, list(traces.attempts))
    files.forget_shard(shard)
    if ledger.has_ended(job):
        # Outputs of attempts that Redis forgot when it died are in no trace.
        files.forget_work(LENSES)
    ledger.leftovers.shard_is_removed(job, shard)


def clear_leftovers(ledger: Ledger, store: Store, *, merged_s: float, accepting_s: float) -> None:
    """Remove what those left who died between their last entry in the ledger and their tidying up."""
    for job, shard in ledger.leftovers.merged(merged_s):
        clear_shard(ledger, JobFiles(store, job), job, shard)
    for job in ledger.leftovers.abandoned(accepting_s):
        JobFiles(store, job).forget_all()
        ledger.leftovers.job_is_removed(job)
