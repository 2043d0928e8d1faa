"""`/v1/jobs`: submit, look, fetch."""

import json
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bifocal.contracts import Job, JobRequest
from bifocal.errors import InvalidRequest, RequestTooLarge
from bifocal.store import JobFiles
from bifocal_gateway.gateway import Gateway

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
def fetch(request: Request, job_id: str) -> StreamingResponse:
    """Reports and failures that there are by now, a JSON line each; in the order of submission."""
    gateway: Gateway = request.app.state.gateway
    gateway.ledger.job(job_id)
    return StreamingResponse(_results(gateway, job_id), media_type="application/x-ndjson")


def _accept(gateway: Gateway, body: bytes) -> Job:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from error
    job = gateway.acceptance.accept(decoded)
    gateway.dispatcher.wake()
    return job


async def _body(request: Request, most: int) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most:
            raise RequestTooLarge(f"the body is over {most:,} bytes; submit fewer documents at once")
    return bytes(received)


def _results(gateway: Gateway, job_id: str) -> Iterator[bytes]:
    files = JobFiles(gateway.store, job_id)
    refused = files.refused()
    if refused:
        yield refused
    for shard in gateway.ledger.merged_shards(job_id):
        yield files.results(shard)
