"""The readable half of a lens output; `bifocal.lenses` holds the arrays."""

from typing import Generic, TypeVar

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.document import ErrorDetail
from bifocal.contracts.report import ContextualSummary, StaticSummary


class Reading(Wire):
    """What one lens says of one document, arrays apart."""

    index: int
    """Position of the document in the job."""
    error: ErrorDetail | None = None
    """Set when the lens could not read the document; there are no arrays then."""


class StaticReading(Reading):
    """The static lens on one document."""

    summary: StaticSummary | None = None


class ContextualReading(Reading):
    """The contextual lens on one document."""

    summary: ContextualSummary | None = None
    kinds: tuple[str, ...] = ()
    """Names behind the codes of the pairs' kinds."""


R = TypeVar("R", bound=Reading)


class LensHeader(Wire, Generic[R]):
    """Head of a lens output: one for a shard, with a reading for each document."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    model_hash: str
    """`sha256:` of the model's content; empty when no model was reached."""
    readings: list[R]
