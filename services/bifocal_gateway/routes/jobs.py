"""`/v1/jobs`: submit, list, look, cancel, retry, delete."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from bifocal.contracts import Job, JobPage, JobState
from bifocal.errors import JobInProgress, UnsupportedMediaType
from bifocal.ledger import Claim
from bifocal.observe.context import about
from bifocal_gateway.body import JSON, NDJSON, JobBody, read_json, read_lines, received
from bifocal_gateway.caller import Caller, caller_of, job_of
from bifocal_gateway.description import JOB_BODY, JOB_LINKS
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.progress import job_when_changed
from bifocal_gateway.retry import retry_failed
from bifocal_gateway.uploads import MULTIPART, read_upload, uploaded

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=PROBLEMS)

#: Any text that is readable in a header.
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="Any text of up to 255 characters that no other request carries. A request that is "
        "sent again with its key within a day makes no second job, and gets the first one as its answer.",
    ),
]

#: Uploads whose files are read at once; who waits for it holds none of the threads that others need.
_READING_FILES = CapacityLimiter(2)


@router.post(
    "", status_code=202, response_model=Job, responses={202: {"links": JOB_LINKS}}, openapi_extra=JOB_BODY
)
async def submit(
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Accept documents. One that cannot be read becomes a failure of the job; the others go on."""
    gateway: Gateway = request.app.state.gateway
    caller = caller_of(request)
    gateway.admission.check(owner=caller.id, most_waiting_shards=caller.limits.most_waiting_shards)
    chosen = gateway.settings
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    accept = partial(_accept, gateway, caller, idempotency_key)
    if kind == MULTIPART:
        async with uploaded(request, chosen) as upload:
            read = partial(read_upload, upload, chosen)
            job = await run_sync(accept, read, upload.fingerprint, limiter=_READING_FILES)
    elif kind in {JSON, NDJSON}:
        most_bytes = chosen.max_request_bytes if kind == JSON else chosen.max_job_bytes
        async with received(request, most_bytes=most_bytes) as body:
            read = partial(read_json if kind == JSON else read_lines, body.file)
            job = await run_in_threadpool(accept, read, body.fingerprint)
    else:
        raise UnsupportedMediaType(
            f"a body of {kind[:80]!r} is not read; send {JSON}, {NDJSON} or {MULTIPART}"
        )
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("", response_model=JobPage)
def jobs(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.", max_length=64)] = None,
    state: JobState | None = None,
) -> JobPage:
    """The caller's jobs, the latest first."""
    gateway: Gateway = request.app.state.gateway
    return gateway.ledger.jobs(caller_of(request).sees, limit=limit, cursor=cursor, state=state)


@router.get("/{job_id}", response_model=Job)
async def look(
    request: Request,
    job_id: str,
    wait: Annotated[
        float,
        Query(ge=0, le=60, description="Seconds for which to wait for the end of a job before the answer."),
    ] = 0,
) -> Job:
    """How far a job is."""
    job = await run_in_threadpool(job_of, request, job_id)
    return await job_when_changed(request, job, within_s=wait, until_ended=True)


@router.post("/{job_id}/cancel", response_model=Job)
def cancel(request: Request, job_id: str) -> Job:
    """Begin no more documents of a job. Those that are done keep their reports; to cancel a job that has
    ended changes nothing."""
    gateway: Gateway = request.app.state.gateway
    job_of(request, job_id)
    if gateway.ledger.cancel(job_id):
        gateway.dispatcher.wake()
        with about(job=job_id):
            log.info("canceled")
    return job_of(request, job_id)


@router.post("/{job_id}/retry", status_code=202, response_model=Job)
def retry(request: Request, response: Response, job_id: str, idempotency_key: IdempotencyKey = None) -> Job:
    """Try the documents of an ended job again that failed, as a job of their own with the same options.
    The first one keeps its failures; what was refused at acceptance is not tried."""
    gateway: Gateway = request.app.state.gateway
    caller = caller_of(request)
    job = job_of(request, job_id)
    if job.state is not JobState.ENDED:
        raise JobInProgress(f"job {job_id!r} has not ended; wait for it, or cancel it first")
    gateway.admission.check(owner=caller.id, most_waiting_shards=caller.limits.most_waiting_shards)
    claim = _claim(caller, idempotency_key, f"retry {job_id}")
    retried = retry_failed(gateway, job, owner=caller.id, claim=claim)
    response.headers["Location"] = f"/v1/jobs/{retried.id}"
    return retried


@router.delete("/{job_id}", status_code=204)
def delete(request: Request, job_id: str) -> None:
    """Remove an ended job with all its results; who asks for it after that is told that there was one."""
    gateway: Gateway = request.app.state.gateway
    if job_of(request, job_id).state is not JobState.ENDED:
        raise JobInProgress(f"job {job_id!r} has not ended; cancel it first")
    gateway.expiry.remove(job_id)


def _claim(caller: Caller, idempotency_key: str | None, fingerprint: str) -> Claim | None:
    if idempotency_key is None:
        return None
    return Claim(owner=caller.id, key=idempotency_key, fingerprint=fingerprint)


def _accept(
    gateway: Gateway,
    caller: Caller,
    idempotency_key: str | None,
    read: Callable[[], JobBody],
    fingerprint: str,
) -> Job:
    body = read()
    try:
        job = gateway.accept(body, owner=caller.id, claim=_claim(caller, idempotency_key, fingerprint))
    finally:
        body.close()
    with about(job=job.id):
        log.info("accepted %d documents, refused %d", job.counts.total - job.counts.failed, job.counts.failed)
    return job
