"""What is submitted, and what becomes of a document that cannot be read."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.errors import BifocalError

DocumentId = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Document(Wire):
    """A text and the name its owner gave it."""

    id: DocumentId
    """Unique within a job; reports and failures carry it."""
    text: str
    """The text as it is. Offsets in the report are code points into it."""


class ErrorDetail(Wire):
    """An error as reports and problem responses carry it."""

    code: str
    """Stable name from the error tree, for programs."""
    message: str
    """What happened and what can be done, for people."""
    retryable: bool
    """Whether the same document may succeed if it is tried again."""

    @classmethod
    def of(cls, error: BifocalError) -> "ErrorDetail":
        """The wire form of `error`."""
        return cls(code=error.code, message=error.message, retryable=error.retryable)


class Failure(Wire):
    """A document that ended without a report, and why."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: str
    """The document's id; for one that has none, its place in the input."""
    index: int | None = None
    """Position in the job, from 0; none for input that never reached the gateway."""
    outcome: Literal["errored", "canceled", "expired"] = "errored"
    """`canceled` with its job, `expired` at the job's deadline, `errored` for every other reason."""
    error: ErrorDetail
    source: str | None = Field(default=None)
    """File and line it came from, where the command line read it."""

    @classmethod
    def of(
        cls,
        error: BifocalError,
        *,
        id: str,  # noqa: A002
        index: int | None = None,
        source: str | None = None,
    ) -> "Failure":
        """How a document ends by `error`."""
        return cls(id=id, index=index, outcome=error.outcome, error=ErrorDetail.of(error), source=source)
