"""A batch on its way."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.document import Document
from bifocal.contracts.options import Options
from bifocal.contracts.webhook import Webhook, WebhookDelivery

#: Header of a stretch of results: the part with which the next stretch begins.
NEXT_PART_HEADER = "Bifocal-Next-Part"


#: A word, or several with spaces between.
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
MOST_TERMS = 10_000
Terms = Annotated[tuple[Term, ...], Field(max_length=MOST_TERMS)]


class JobRequest(Wire):
    """Body of `POST /v1/jobs`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    documents: Annotated[list[Document], Field(min_length=1)]
    options: Options = Options()
    deadline_s: Annotated[float, Field(gt=0)] | None = None
    """Seconds after acceptance at which documents that have no report by then end as failures."""
    terms: Terms = ()
    """With the option `candidates: terms`, what to look for: whole words in any case. Where terms overlap,
    the one that begins first counts, and of those the longest."""
    webhook: Webhook | None = None
    """Who is told when the job has ended."""


class JobState(StrEnum):
    """Where a job is."""

    IN_PROGRESS = "in_progress"
    ENDED = "ended"


class JobCounts(Wire):
    """Documents of a job by what became of them."""

    total: int
    succeeded: int
    failed: int

    @property
    def done(self) -> int:
        """Documents that have ended, either way."""
        return self.succeeded + self.failed


class Job(Wire):
    """Answer to `POST /v1/jobs` and `GET /v1/jobs/{id}`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: str
    state: JobState
    counts: JobCounts
    options: Options
    created_at: datetime
    ended_at: datetime | None = None
    webhook: WebhookDelivery | None = None
    """How far the telling of its end is, where the job asked for that."""
