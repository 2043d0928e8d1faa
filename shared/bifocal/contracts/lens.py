"""The readable half of a lens output; `bifocal.lenses` holds the arrays."""

from pydantic import Field

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.document import ErrorDetail
from bifocal.contracts.models import ContextualSummary, StaticSummary


class ContextualReading(Wire):
    """One transformer, or one layer of it, on one document, arrays apart."""

    summary: ContextualSummary
    kinds: tuple[str, ...] = ()
    """Names behind the codes of the pairs' kinds."""


class DocumentReading(Wire):
    """What one lens service says of one document, by each of its models."""

    index: int
    """Position of the document in the job."""
    error: ErrorDetail | None = None
    """Set when the document could not be read; there is nothing else then."""
    static: tuple[StaticSummary, ...] = ()
    """From the contextual service too: the embedding layers of its transformers."""
    contextual: tuple[ContextualReading, ...] = ()


class LensHeader(Wire):
    """Head of a lens output: one for a shard, with a reading for each document."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    models: dict[str, str] = Field(default_factory=dict)
    """`sha256:` of the content of each model that was read with, by its name in the options."""
    catalogues: dict[str, str] = Field(default_factory=dict)
    """`sha256:` of each head catalogue that was used, by its name."""
    libraries: dict[str, str] = Field(default_factory=dict)
    """Version of each library that figures depend on."""
    readings: tuple[DocumentReading, ...]
