"""Waiting for a job, without a thread for each who waits."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from bifocal.contracts import Job, JobState
from bifocal_gateway.caller import job_of

#: Between looks: often at first, for those who wait for something short.
_FIRST_S, _LONGEST_S = 0.05, 0.5

#: An event stream is never silent for longer, so that nobody between takes it for dead.
_HEARTBEAT_S = 15.0


async def job_when_changed(request: Request, job: Job, *, within_s: float, until_ended: bool) -> Job:
    """The job once it has changed, or ended; as it is when the time is over, or the client gone."""
    deadline = time.monotonic() + within_s
    pause_s = _FIRST_S
    found = job
    while time.monotonic() < deadline and found.state is not JobState.ENDED:
        if not until_ended and _told(found) != _told(job):
            break
        await asyncio.sleep(min(pause_s, max(0.0, deadline - time.monotonic())))
        pause_s = min(1.3 * pause_s, _LONGEST_S)
        if await request.is_disconnected():
            break
        found = await run_in_threadpool(job_of, request, job.id)
    return found


async def events(request: Request, job: Job) -> AsyncIterator[str]:
    """Server-sent events: the job each time that it has changed, until it has ended."""
    yield _event(job)
    while job.state is not JobState.ENDED:
        after = await job_when_changed(request, job, within_s=_HEARTBEAT_S, until_ended=False)
        if await request.is_disconnected():
            return
        yield _event(after) if _told(after) != _told(job) else ": still here\n\n"
        job = after


def _event(job: Job) -> str:
    # Ids are how much is done, so that a reader sees at once which of two is later.
    return f"event: job\nid: {job.counts.done}\ndata: {json.dumps(job.model_dump(mode='json'))}\n\n"


def _told(job: Job) -> tuple[object, ...]:
    """What makes a change: not the rate, which is another at every look."""
    return job.state, job.counts, job.started_at
