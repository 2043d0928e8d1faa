"""`/v1/jobs`: submit, look, fetch."""

import json
import logging
from collections.abc import Iterator
from itertools import count, takewhile
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bifocal.contracts import NEXT_PART_HEADER, Job, JobRequest
from bifocal.errors import InvalidRequest, RequestTooLarge
from bifocal.observe.context import about
from bifocal.store import JobFiles
from bifocal_gateway.gateway import Gateway

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_JOB_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": JobRequest.model_json_schema()}},
    }
}


@router.post("", status_code=202, response_model=Job, openapi_extra=_JOB_BODY)
async def submit(request: Request, response: Response) -> Job:
    """Accept documents. One that cannot be read becomes a failure of the job; the others go on."""
    gateway: Gateway = request.app.state.gateway
    body = await _body(request, gateway.settings.max_request_bytes)
    job = await run_in_threadpool(_accept, gateway, body)
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


def _accept(gateway: Gateway, body: bytes) -> Job:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from error
    job = gateway.acceptance.accept(decoded)
    gateway.dispatcher.wake()
    with about(job=job.id):
        log.info("accepted %d documents, refused %d", job.counts.total - job.counts.failed, job.counts.failed)
    return job


async def _body(request: Request, most: int) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most:
            raise RequestTooLarge(f"the body is over {most:,} bytes; submit fewer documents at once")
    return bytes(received)


def _results(gateway: Gateway, job_id: str, parts: list[int], merged: dict[int, int]) -> Iterator[bytes]:
    files = JobFiles(gateway.store, job_id)
    for part in parts:
        yield files.results(part - 1, merged[part - 1]) if part else files.refused()
