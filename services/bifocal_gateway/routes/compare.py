"""`/v1/compare`: one short text, answered at once."""

from fastapi import APIRouter, Request, Response

from bifocal.contracts import CompareRequest, Job, Report
from bifocal_gateway.caller import caller_of
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.single import answer

router = APIRouter(prefix="/v1", tags=["compare"], responses=PROBLEMS)


@router.post("/compare", response_model=Report, responses={202: {"model": Job}})
async def compare(request: Request, asked: CompareRequest) -> Response:
    """Compare a short text and answer with its report. It goes before all jobs that wait in bulk, and leaves
    nothing behind. If that takes more than half a minute, the answer is 202 and the job that goes on."""
    gateway: Gateway = request.app.state.gateway
    found = await answer(gateway, asked, caller_of(request))
    if isinstance(found, Job):
        headers = {"Location": f"/v1/jobs/{found.id}"}
        return Response(found.model_dump_json(), 202, headers, media_type="application/json")
    return Response(found, media_type="application/json")
