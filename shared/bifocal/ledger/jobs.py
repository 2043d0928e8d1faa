"""What the ledger holds of a job, as users see it; and the jobs of an owner, page by page."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from bifocal.contracts import Job, JobCounts, JobPage, JobState, Options, Priority
from bifocal.errors import InvalidRequest
from bifocal.ledger.deliveries import read_delivery
from bifocal.ledger.keys import JOBS, Keys

if TYPE_CHECKING:
    import redis

#: Jobs looked at for a page; one of a rare state may hold fewer than it could, and still have a next.
_MOST_LOOKED_AT = 1_000


def read_job(job: str, fields: Mapping[str, str], now_s: float) -> Job:
    """A job by the fields of its hash."""
    counts = JobCounts(
        total=int(fields["total"]),
        **{name: int(fields.get(name, 0)) for name in ("succeeded", "errored", "canceled", "expired")},
    )
    state = JobState(fields["state"])
    rate = _documents_per_s(counts, int(fields.get("n_refused", 0)), fields, now_s)
    left = counts.total - counts.done
    end = None
    if rate and state is JobState.IN_PROGRESS:
        end = datetime.fromtimestamp(now_s, UTC) + timedelta(seconds=left / rate)
    return Job(
        id=job,
        state=state,
        priority=Priority(fields["priority"]),
        counts=counts,
        options=Options.model_validate_json(fields["options"]),
        created_at=_time(fields["created_at"]),
        started_at=_at(fields, "started_at"),
        canceling_at=_at(fields, "canceling_at"),
        deadline_at=_at(fields, "deadline_at"),
        ended_at=_at(fields, "ended_at"),
        documents_per_s=rate,
        expected_end_at=end,
        webhook=read_delivery(fields),
    )


def list_jobs(
    client: "redis.Redis", owner: str | None, *, limit: int, cursor: str | None, state: JobState | None
) -> JobPage:
    """Some jobs, the latest first: those of an owner, or of all for None.

    Raises:
        InvalidRequest: the cursor is none.
    """
    index = JOBS if owner is None else Keys.jobs_of(owner)
    # Jobs are created one after the other, each at a microsecond of its own.
    start = "+inf" if cursor is None else f"({_score(cursor)}"
    found: list[Job] = []
    looked_at = 0
    while True:
        rows = cast(
            list[tuple[str, float]],
            client.zrange(
                index, start, "-inf", desc=True, byscore=True, offset=0, num=limit + 1, withscores=True
            ),
        )
        with client.pipeline(transaction=False) as looks:
            for job, _ in rows:
                looks.hgetall(Keys.job(job))
            hashes = looks.execute()
        for (job, score), fields in zip(rows, hashes, strict=True):
            if len(found) == limit or looked_at >= _MOST_LOOKED_AT:
                return JobPage(jobs=found, next=start.removeprefix("("))
            start = f"({score!r}"
            looked_at += 1
            # One that was forgotten between the two looks is gone.
            if fields and (state is None or fields["state"] == state):
                found.append(read_job(job, fields, time.time()))
        if len(rows) <= limit:
            return JobPage(jobs=found, next=None)


def _score(cursor: str) -> float:
    try:
        score = float(cursor)
    except ValueError:
        score = float("nan")
    if not 0 <= score < float("inf"):
        raise InvalidRequest("cursor: none of those that a list of jobs came with")
    return score


def _documents_per_s(
    counts: JobCounts, n_refused: int, fields: Mapping[str, str], now_s: float
) -> float | None:
    """Documents done a second since the start; None where nothing can be told yet."""
    done = counts.done - n_refused
    if "started_at" not in fields or not done:
        return None
    took_s = float(fields.get("ended_at", now_s)) - float(fields["started_at"])
    return round(done / took_s, 3) if took_s > 0 else None


def _at(fields: Mapping[str, str], name: str) -> datetime | None:
    return _time(fields[name]) if name in fields else None


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
