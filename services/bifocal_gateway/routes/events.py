"""`/v1/jobs/{id}/events`: how far a job is, as it goes."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bifocal_gateway.caller import job_of
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.progress import events

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], responses=PROBLEMS)


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


#: An event, as a reader of the stream has it.
_EVENTS: dict[str, Any] = {
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "required": ["event", "data"],
                "properties": {
                    "event": {"const": "job"},
                    "id": {"type": "string", "description": "How many documents are done."},
                    "data": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": {"$ref": "#/components/schemas/Job"},
                    },
                },
            }
        }
    }
}


@router.get("/{job_id}/events", response_class=EventStream, responses={200: _EVENTS})
async def follow(request: Request, job_id: str) -> EventStream:
    """Server-sent events of the type `job`, each with the job as `GET /v1/jobs/{id}` tells it: at once, at
    every change, and at its end, with which the stream ends. A stream that broke off is asked for again:
    its first event says all."""
    job = await run_in_threadpool(job_of, request, job_id)
    return EventStream(events(request, job), headers={"X-Accel-Buffering": "no"})
