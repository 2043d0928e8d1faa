"""`/v1/jobs/{id}/export`: results as a file to take away."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from bifocal.contracts import BatchReport, ExportFormat, ExportTable
from bifocal.errors import InternalError
from bifocal_gateway.caller import job_of
from bifocal_gateway.export import Results, export, needs_summary
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.routes.summary import summary_of

router = APIRouter(prefix="/v1/jobs", tags=["results"], responses=PROBLEMS)

#: Steps of exports at a time, a shard each: reading results takes a processor, which submissions need too.
_FEW = CapacityLimiter(2)

#: Texts in it are others': whatever a browser makes of it, it is not a page of this origin.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


@router.get("/{job_id}/export", response_class=StreamingResponse)
async def take_away(
    request: Request,
    job_id: str,
    form: Annotated[ExportFormat, Query(alias="format")],
    table: ExportTable = ExportTable.RELATIONS,
) -> StreamingResponse:
    """All results of a job that has ended, as one file; `table` says which, of `parquet` and `csv`."""
    gateway: Gateway = request.app.state.gateway
    await run_sync(job_of, request, job_id)
    results = await run_sync(Results.of, gateway.store, gateway.ledger, job_id)
    missing: InternalError | None = None
    if needs_summary(form, table):
        try:
            # Made and kept here, where one is made at a time; whether it cannot be is the format's affair.
            await summary_of(gateway, job_id)
        except InternalError as error:
            missing = error

    def summary() -> BatchReport:
        if missing is not None:
            raise missing
        return BatchReport.model_validate_json(gateway.summaries.summary(job_id))

    made = export(results, summary, form, table)
    chunks = _in_turns(made.body)
    # What goes wrong at the beginning still gets an answer that says so.
    first = await anext(chunks, b"")
    headers = _HEADERS | {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return StreamingResponse(_after(first, chunks), media_type=made.media_type, headers=headers)


async def _in_turns(body: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Chunks that are not empty."""
    while (chunk := await run_sync(next, body, None, limiter=_FEW)) is not None:
        if chunk:
            yield chunk


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
