"""A job's documents that failed, as a job of their own."""

from collections.abc import Iterator
from itertools import chain

import orjson

from bifocal.contracts import RESULT, Job
from bifocal.errors import NothingToRetry
from bifocal.ledger import Claim
from bifocal.store import JobFiles
from bifocal_gateway.body import JobBody
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.texts import texts_of


def retry_failed(gateway: Gateway, job: Job, *, owner: str, claim: Claim | None = None) -> Job:
    """Accept the documents of an ended job that failed, with its options and priority.

    What was refused at acceptance would be refused again.

    Raises:
        NothingToRetry: no document of it failed after it was accepted.
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

    body = JobBody(header=header, documents=chain([first], documents))
    return gateway.accept(body, owner=owner, claim=claim)


def _failed(gateway: Gateway, job: Job, files: JobFiles) -> Iterator[dict[str, str]]:
    """Documents that failed, in order."""
    for shard, attempt in gateway.ledger.merged_shards(job.id).items():
        # A report is many times as long as a failure, and is not looked into.
        failed = [
            RESULT.validate_json(line)
            for line in files.results(shard, attempt).splitlines()
            if b'"outcome":"succeeded"' not in line
        ]
        if failed:
            texts = texts_of(files, shard)
            yield from ({"id": one.id, "text": texts[one.id]} for one in failed)
