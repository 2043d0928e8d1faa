"""`/v1/jobs/{id}/results`: reports and failures."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from bifocal.contracts import NEXT_CURSOR_HEADER, Result
from bifocal.store import JobFiles
from bifocal_gateway.caller import job_of
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.results import Stretch, result_of

router = APIRouter(prefix="/v1/jobs", tags=["results"], responses=PROBLEMS)


#: More lines than any job has.
MOST_LINES = 10**12


class Lines(StreamingResponse):
    """A JSON object a line."""

    media_type = "application/x-ndjson"


@router.get(
    "/{job_id}/results",
    response_class=Lines,
    responses={200: {"headers": {NEXT_CURSOR_HEADER: {"schema": {"type": "string"}}}}},
)
def fetch(
    request: Request,
    job_id: str,
    cursor: Annotated[
        str | None,
        Query(description="Where to begin: the header `Bifocal-Next-Cursor` of the stretch before, or `0`."),
    ] = None,
    offset: Annotated[int, Query(ge=0, le=MOST_LINES, description="Lines of the stretch to leave out.")] = 0,
    limit: Annotated[int | None, Query(ge=0, le=MOST_LINES, description="Most lines to send.")] = None,
) -> Lines:
    """Reports and failures, a JSON line each, in the order of submission; those that were refused at
    acceptance come first.

    Without a cursor all that there are by now, with gaps for what is still to come. With one a stretch
    without gaps from there on; the header `Bifocal-Next-Cursor` says where the next one begins. A stretch
    that broke off after some lines is asked for again with their number as `offset`.
    """
    gateway: Gateway = request.app.state.gateway
    job_of(request, job_id)
    stretch = Stretch.of(gateway.ledger.merged_shards(job_id), cursor)
    files = JobFiles(gateway.store, job_id)
    return Lines(stretch.lines(files, offset=offset, limit=limit), headers={NEXT_CURSOR_HEADER: stretch.next})


@router.get("/{job_id}/results/{document_id:path}", response_model=Result)
def one(request: Request, job_id: str, document_id: str) -> Response:
    """How one document ended, by the id that it was submitted with."""
    gateway: Gateway = request.app.state.gateway
    job_of(request, job_id)
    files = JobFiles(gateway.store, job_id)
    line = result_of(files, gateway.ledger.merged_shards(job_id), document_id)
    return Response(line, media_type="application/json")
