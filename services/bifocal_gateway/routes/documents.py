"""`/v1/jobs/{id}/documents/…`: what a job was given."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from bifocal.store import JobFiles
from bifocal_gateway.caller import job_of
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.texts import text_of

router = APIRouter(prefix="/v1/jobs", tags=["results"], responses=PROBLEMS)


@router.get("/{job_id}/documents/{custom_id:path}/text", response_class=PlainTextResponse)
def text(request: Request, job_id: str, custom_id: str) -> Response:
    """The text that a document's report speaks of: offsets in the report are code points into it.

    What was submitted as text, as it was; of a file what was found in it.
    """
    gateway: Gateway = request.app.state.gateway
    job_of(request, job_id)
    found = text_of(JobFiles(gateway.store, job_id), custom_id)
    return Response(
        found.encode(),
        media_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_file_name(custom_id), safe='')}",
            # It is what somebody sent: no browser may take it for a page of ours.
            "X-Content-Type-Options": "nosniff",
        },
    )


def _file_name(custom_id: str) -> str:
    return f"{custom_id.rstrip('/').rpartition('/')[2][:100] or 'document'}.txt"
