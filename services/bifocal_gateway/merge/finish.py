"""The last step of a shard: its results into the store, its end into the ledger, and nothing left behind."""

from collections.abc import Mapping
from dataclasses import dataclass

from bifocal.failpoints import failpoint
from bifocal.ledger import Attempt, Finish, Ledger
from bifocal.store import JobFiles
from bifocal_gateway.batch.partial import TABLES
from bifocal_gateway.leftovers import clear_shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the documents of a shard ended: a line each, and how many by which outcome."""

    lines: bytes
    documents: Mapping[str, int]


def finish(
    ledger: Ledger,
    files: JobFiles,
    attempt: Attempt,
    outcome: Outcome,
    partial: Mapping[str, bytes],
) -> Finish:
    """Write results under the attempt's number and commit them; of several attempts the first one counts.

    What no one will read is removed: all else there is of the shard, or these very results if they come too
    late. Of one who dies before that the dispatcher takes it over.
    """
    job, shard = attempt.job, attempt.shard
    files.put_results(shard, attempt.number, outcome.lines)
    files.put_partial(shard, attempt.number, partial)
    failpoint("merge.written")
    ended = ledger.finish_shard(job, shard, attempt.number, **outcome.documents)
    failpoint("merge.committed")
    if ended is Finish.LATE:
        files.forget_results(shard, attempt.number, TABLES)
        return ended
    clear_shard(ledger, files, job, shard)
    return ended
