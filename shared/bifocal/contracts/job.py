"""A batch on its way."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.document import Document, DocumentId
from bifocal.contracts.options import Options
from bifocal.contracts.webhook import Webhook, WebhookDelivery

#: Header of a stretch of results: the `cursor` with which the next stretch is asked for.
NEXT_CURSOR_HEADER = "Bifocal-Next-Cursor"


#: A word, or several with spaces between.
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
MOST_TERMS = 10_000
Terms = Annotated[tuple[Term, ...], Field(max_length=MOST_TERMS)]


#: Seconds; ten years at most.
Deadline = Annotated[float, Field(gt=0, le=10 * 365 * 24 * 3600.0)]


class Priority(StrEnum):
    """Which queue a job waits in."""

    INTERACTIVE = "interactive"
    """Somebody waits for it: it is worked on before all that waits in bulk."""
    BULK = "bulk"


class JobRequest(Wire):
    """Body of `POST /v1/jobs`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    documents: Annotated[list[Document], Field(min_length=1)]
    options: Options = Options()
    deadline_s: Deadline | None = None
    """Seconds after acceptance at which documents that have no report by then end as failures."""
    priority: Priority = Priority.BULK
    terms: Terms = ()
    """With the option `candidates: terms`, what to look for: whole words in any case. Where terms overlap,
    the one that begins first counts, and of those the longest."""
    webhook: Webhook | None = None
    """Who is told when the job has ended."""


class CompareRequest(Wire):
    """Body of `POST /v1/compare`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: DocumentId = "text"
    text: str
    """The text as it is; a short one."""
    options: Options = Options()
    terms: Terms = ()


class JobState(StrEnum):
    """Where a job is."""

    IN_PROGRESS = "in_progress"
    CANCELING = "canceling"
    """No document is begun any more; those that were end first."""
    ENDED = "ended"


class JobCounts(Wire):
    """Documents of a job by what became of them."""

    total: int
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def done(self) -> int:
        """Documents that have ended, in whatever way."""
        return self.succeeded + self.failed

    @property
    def failed(self) -> int:
        """Documents that have ended without a report."""
        return self.errored + self.canceled + self.expired


class Job(Wire):
    """Answer to `POST /v1/jobs` and `GET /v1/jobs/{id}`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: str
    state: JobState
    priority: Priority = Priority.BULK
    counts: JobCounts
    options: Options
    created_at: datetime
    started_at: datetime | None = None
    """When the first of its documents were handed to the lenses."""
    canceling_at: datetime | None = None
    """When it was canceled."""
    deadline_at: datetime | None = None
    """When what is not done by then will end as `expired`."""
    ended_at: datetime | None = None
    webhook: WebhookDelivery | None = None
    """How far the telling of its end is, where the job asked for that."""
    documents_per_s: float | None = None
    """Documents done a second since the job started."""
    expected_end_at: datetime | None = None
    """When the job will have ended, if it goes on at that rate."""


class JobPage(Wire):
    """Answer to `GET /v1/jobs`: some jobs, the latest first."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    jobs: list[Job]
    next: str | None
    """Value of `cursor` with which the next ones are asked for; null after the last."""
