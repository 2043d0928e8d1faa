"""What is told of a model that read a document."""

from pydantic import Field

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.options import Profile, Space


class Neighbour(Wire):
    """A vocabulary word near another."""

    word: str
    cosine: float


class NeighbourList(Wire):
    """Answer to `GET /v1/vocabulary/{word}/neighbours`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    word: str
    """The word as the vocabulary has it."""
    model: str
    space: Space
    neighbours: list[Neighbour]
    """Nearest first."""


class ModelInfo(Wire):
    """A model that a job may name."""

    name: str
    is_default: bool


class ModelList(Wire):
    """Answer to `GET /v1/models`."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    static: list[ModelInfo]
    contextual: list[ModelInfo]


class StaticSummary(Wire):
    """The static lens on this document."""

    model: str
    space: Space
    """Where cosines, percentiles and neighbours are from."""
    unknown_words: list[str]
    """Words without a vector, each once, in order of appearance."""
    neighbours: dict[str, list[Neighbour]] = Field(default_factory=dict)
    """Nearest vocabulary words, nearest first, where the job asked for them."""


class ContextualSummary(Wire):
    """The contextual lens on this document."""

    model: str
    method: str
    windows: int
    """Windows the document was read through."""
    window_tokens: int
    """Pieces a window holds, specials included."""
    coverage: float
    """Share of the document's pieces that some window read."""
    sink_mass: float
    """Share of the words' attention that went to special tokens, by the method; it was removed."""
    sink_by_layer: tuple[float, ...] = ()
    """Share of raw attention that went to special tokens, layer by layer, mean over heads and some words."""
    precision: str
    """Number format the transformer ran in."""
    catalogue: str | None = None
    """Head catalogue, where the model has one; its kinds are in the relations."""
    profile: Profile | None = None
    """Which of the catalogue's heads were read."""
    background: str
    """What lifts are held against: `running_text` where the model has a measured background, else the
    `batch`, or in a batch with too few words the `document` itself."""
