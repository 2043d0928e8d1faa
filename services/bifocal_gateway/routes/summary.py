"""`/v1/jobs/{id}/summary`: the batch report."""

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from bifocal.contracts import BatchReport
from bifocal_gateway.caller import job_of
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS

router = APIRouter(prefix="/v1/jobs", tags=["results"], responses=PROBLEMS)

#: One at a time, with one thread and a bound on memory; who waits for it holds none of the threads
#: that the other routes need.
_ONE = CapacityLimiter(1)


@router.get("/{job_id}/summary", response_model=BatchReport)
async def summary(request: Request, job_id: str) -> Response:
    """What a job's documents say as a whole: of all of them once the job has ended, else of those that
    have been merged by now."""
    await run_sync(job_of, request, job_id)
    return Response(await summary_of(request.app.state.gateway, job_id), media_type="application/json")


async def summary_of(gateway: Gateway, job_id: str) -> bytes:
    """The batch report of a job, as JSON."""
    body = await run_sync(gateway.summaries.kept, job_id)
    if body is None:
        body = await run_sync(gateway.summaries.summary, job_id, limiter=_ONE)
    return body
