"""A job's documents that failed, as a job of their own."""

from collections.abc import Iterator

import orjson

from bifocal.contracts import RESULT, Failure, Job
from bifocal.errors import NothingToRetry, UnknownDocument
from bifocal.ledger import Claim
from bifocal.store import JobFiles
from bifocal_gateway.body import JobBody
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.texts import text_of


def retry_failed(gateway: Gateway, job: Job, *, owner: str, claim: Claim | None = None) -> Job:
    """Accept the documents of an ended job that failed, with its options and priority.

    What was refused at acceptance has no text and would be refused again.

    Raises:
        NothingToRetry: no document of it failed that has a text.
    """
    files = JobFiles(gateway.store, job.id)
    documents = _failed(gateway, job, files)
    first = next(documents, None)
    if first is None:
        raise NothingToRetry(f"no document of job {job.id!r} failed that could be tried again")
    header = {
        "options": job.options.model_dump(mode="json"),
        "terms": orjson.loads(files.terms_list()),
        "priority": job.priority,
    }

    def all_of_them() -> Iterator[dict[str, str]]:
        yield first
        yield from documents

    retried = gateway.acceptance.accept(
        JobBody(header=header, documents=all_of_them()), owner=owner, claim=claim
    )
    gateway.dispatcher.wake()
    return retried


def _failed(gateway: Gateway, job: Job, files: JobFiles) -> Iterator[dict[str, str]]:
    """Texts of the documents that failed, in order."""
    for shard, attempt in gateway.ledger.merged_shards(job.id).items():
        for line in files.results(shard, attempt).splitlines():
            # A report is many times as long as a failure, and is not looked into.
            if b'"outcome":"succeeded"' in line:
                continue
            result = RESULT.validate_json(line)
            if isinstance(result, Failure):
                try:
                    yield {"id": result.id, "text": text_of(files, result.id)}
                except UnknownDocument:
                    continue
