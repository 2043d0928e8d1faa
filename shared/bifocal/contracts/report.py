"""What is told of a document that was read."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.document import Failure
from bifocal.contracts.models import ContextualSummary, StaticSummary
from bifocal.contracts.options import Options
from bifocal.contracts.relation import Relation
from bifocal.contracts.summary import Agreement, Divergent, LongRange, ModelAgreement, VerdictCounts


class Provenance(Wire):
    """What the numbers rest on: the same of all this gives the same report, to the byte."""

    bifocal: str
    """Version."""
    models: dict[str, str]
    """`sha256:` of each model's content, by name; of static vectors, also of the space they are read in."""
    catalogues: dict[str, str] = Field(default_factory=dict)
    """`sha256:` of each catalogue and probe that was asked, by name, and of the sample of the job's texts
    where lifts are held against that."""
    libraries: dict[str, str]
    """Version of each library that the figures depend on."""
    text: str
    """`sha256:` of the text, as UTF-8."""
    terms: str | None = None
    """`sha256:` of the job's list of terms, if it has one."""
    options: Options


class Report(Wire):
    """One document through both lenses."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: str
    outcome: Literal["succeeded"] = "succeeded"
    language: str
    n_words: int
    """Words, punctuation included."""
    n_sentences: int
    n_candidate_pairs: int
    """Pairs by `options.candidates` and `options.scope`; the verdict counts add up to it."""
    verdicts: VerdictCounts
    agreement: Agreement
    model_agreement: ModelAgreement | None = None
    """Where the job names more than one model of a side."""
    long_range: LongRange
    divergent: tuple[Divergent, ...]
    """Words whose strongest relations differ most between the lenses, the most divergent first."""
    static: list[StaticSummary]
    contextual: list[ContextualSummary]
    relations: list[Relation]
    """In order of the text; `options.listing` says which are listed."""
    n_relations_left_out: int
    """Relations that `options.listing` asks for beyond `options.most_relations`."""
    provenance: Provenance


Result = Annotated[Report | Failure, Field(discriminator="outcome")]
"""How a document ended."""

RESULT: TypeAdapter[Report | Failure] = TypeAdapter(Result)
"""Reads a line of results: `RESULT.validate_json(line)`."""
