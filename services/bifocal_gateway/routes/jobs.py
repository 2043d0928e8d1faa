"""`/v1/jobs`: submit, look, fetch."""

import logging
from collections.abc import Callable, Iterator
from itertools import count, takewhile
from typing import IO, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bifocal.contracts import NEXT_PART_HEADER, Job, JobRequest
from bifocal.observe.context import about
from bifocal.store import JobFiles
from bifocal_gateway.body import NDJSON, JobBody, read_json, read_lines, received
from bifocal_gateway.gateway import Gateway

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
        },
    }
}


@router.post("", status_code=202, response_model=Job, openapi_extra=_JOB_BODY)
async def submit(request: Request, response: Response) -> Job:
    """Accept documents. One that cannot be read becomes a failure of the job; the others go on."""
    gateway: Gateway = request.app.state.gateway
    gateway.admission.check()
    chosen = gateway.settings
    in_lines = request.headers.get("content-type", "").partition(";")[0].strip().lower() == NDJSON
    most_bytes = chosen.max_job_bytes if in_lines else chosen.max_request_bytes
    async with received(request, most_bytes=most_bytes) as body:
        job = await run_in_threadpool(_accept, gateway, body, read_lines if in_lines else read_json)
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


def _accept(gateway: Gateway, body: IO[bytes], read: Callable[[IO[bytes]], JobBody]) -> Job:
    job = gateway.acceptance.accept(read(body))
    gateway.dispatcher.wake()
    with about(job=job.id):
        log.info("accepted %d documents, refused %d", job.counts.total - job.counts.failed, job.counts.failed)
    return job


def _results(gateway: Gateway, job_id: str, parts: list[int], merged: dict[int, int]) -> Iterator[bytes]:
    files = JobFiles(gateway.store, job_id)
    for part in parts:
        yield files.results(part - 1, merged[part - 1]) if part else files.refused()
