"""`/v1/jobs`: submit, look, fetch."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, takewhile
from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bifocal.contracts import NEXT_PART_HEADER, Job, JobRequest
from bifocal.errors import UnsupportedMediaType
from bifocal.observe.context import about
from bifocal.store import JobFiles
from bifocal_gateway.body import JSON, NDJSON, JobBody, read_json, read_lines, received
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.uploads import MULTIPART, PARTS_SCHEMA, read_upload, uploaded

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_JOB_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": JobRequest.model_json_schema()},
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": "A line with `options` and `terms`, if any are wanted, and a line for "
                    "each document. Of any length: it is never in memory as a whole.",
                }
            },
            MULTIPART: {"schema": PARTS_SCHEMA},
        },
    }
}

#: Uploads whose files are read at once; who waits for it holds none of the threads that others need.
_READING_FILES = CapacityLimiter(2)


@router.post("", status_code=202, response_model=Job, openapi_extra=_JOB_BODY)
async def submit(request: Request, response: Response) -> Job:
    """Accept documents. One that cannot be read becomes a failure of the job; the others go on."""
    gateway: Gateway = request.app.state.gateway
    gateway.admission.check()
    chosen = gateway.settings
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind == MULTIPART:
        async with uploaded(request, chosen) as upload:
            read = partial(read_upload, upload, chosen)
            job = await run_sync(_accept, gateway, read, limiter=_READING_FILES)
    elif kind in {JSON, NDJSON}:
        most_bytes = chosen.max_request_bytes if kind == JSON else chosen.max_job_bytes
        async with received(request, most_bytes=most_bytes) as body:
            read = partial(read_json if kind == JSON else read_lines, body)
            job = await run_in_threadpool(_accept, gateway, read)
    else:
        raise UnsupportedMediaType(
            f"a body of {kind[:80]!r} is not read; send {JSON}, {NDJSON} or {MULTIPART}"
        )
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("/{job_id}", response_model=Job)
def look(request: Request, job_id: str) -> Job:
    """How far a job is."""
    gateway: Gateway = request.app.state.gateway
    return gateway.ledger.job(job_id)


@router.get("/{job_id}/results", response_class=StreamingResponse)
def fetch(
    request: Request, job_id: str, from_part: Annotated[int | None, Query(ge=0)] = None
) -> StreamingResponse:
    """Reports and failures, a JSON line each, in parts: part 0 is what was refused at acceptance, the
    others follow the order of submission.

    Without `from_part` all that there are by now. With it those from that part on, up to the first that
    is still to come; the header `Bifocal-Next-Part` says which that is.
    """
    gateway: Gateway = request.app.state.gateway
    gateway.ledger.job(job_id)
    merged = gateway.ledger.merged_shards(job_id)
    parts = [0, *(shard + 1 for shard in merged)]
    if from_part is not None:
        there = set(parts)
        parts = list(takewhile(there.__contains__, count(from_part)))
    headers = {NEXT_PART_HEADER: str(parts[-1] + 1 if parts else from_part or 0)}
    return StreamingResponse(
        _results(gateway, job_id, parts, merged), media_type="application/x-ndjson", headers=headers
    )


def _accept(gateway: Gateway, read: Callable[[], JobBody]) -> Job:
    body = read()
    try:
        job = gateway.acceptance.accept(body)
    finally:
        body.close()
    gateway.dispatcher.wake()
    with about(job=job.id):
        log.info("accepted %d documents, refused %d", job.counts.total - job.counts.failed, job.counts.failed)
    return job


def _results(gateway: Gateway, job_id: str, parts: list[int], merged: dict[int, int]) -> Iterator[bytes]:
    files = JobFiles(gateway.store, job_id)
    for part in parts:
        yield files.results(part - 1, merged[part - 1]) if part else files.refused()
