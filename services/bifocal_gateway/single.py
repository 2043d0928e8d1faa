"""A job of one short text, of which nothing stays when it is answered."""

import asyncio
import time

from fastapi.concurrency import run_in_threadpool

from bifocal import errors
from bifocal.contracts import RESULT, CompareRequest, Failure, Job, Priority
from bifocal.errors import DocumentTooLarge
from bifocal.store import JobFiles
from bifocal_gateway.body import JobBody
from bifocal_gateway.caller import Caller
from bifocal_gateway.gateway import Gateway

#: How long to wait for the lenses before the job is handed to the client, and between two looks.
_WITHIN_S, _LOOK_S = 30.0, 0.005


async def answer(gateway: Gateway, asked: CompareRequest, caller: Caller) -> bytes | Job:
    """The report of a text, as JSON; the job, if that takes too long.

    Raises:
        TooManyWaiting, StoreFull: there is no room for it.
        DocumentTooLarge: it is not short.
        BifocalError: what the document failed by.
    """
    gateway.admission.check(owner=caller.id, most_waiting_shards=caller.limits.most_waiting_shards)
    job = await run_in_threadpool(_begin, gateway, asked, caller.id)
    deadline = time.monotonic() + _WITHIN_S
    while not await run_in_threadpool(gateway.ledger.has_ended, job.id):
        if time.monotonic() > deadline:
            return job
        await asyncio.sleep(_LOOK_S)
    return await run_in_threadpool(_end, gateway, job.id)


def _begin(gateway: Gateway, asked: CompareRequest, owner: str) -> Job:
    """Accept the text as an interactive job."""
    most = gateway.settings.max_compare_bytes
    n_bytes = len(asked.text.encode("utf-8", errors="surrogatepass"))
    if n_bytes > most:
        raise DocumentTooLarge(f"the text has {n_bytes:,} bytes, the limit is {most:,}; submit it as a job")
    header = {
        "options": asked.options.model_dump(mode="json"),
        "terms": list(asked.terms),
        "priority": Priority.INTERACTIVE,
    }
    document = {"id": asked.id, "text": asked.text}
    return gateway.accept(JobBody(header=header, documents=iter([document])), owner=owner)


def _end(gateway: Gateway, job_id: str) -> bytes:
    """The report of such a job, which is removed."""
    files = JobFiles(gateway.store, job_id)
    bodies = [files.refused(), *(files.results(*one) for one in gateway.ledger.merged_shards(job_id).items())]
    gateway.expiry.remove(job_id)
    (line,) = (line for body in bodies for line in body.splitlines())
    result = RESULT.validate_json(line)
    if isinstance(result, Failure):
        raise errors.by_code(result.error.code)(result.error.message)
    return line
