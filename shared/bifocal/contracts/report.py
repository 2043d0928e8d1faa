"""What is told of a document that was read."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.document import Failure
from bifocal.contracts.options import Options, Profile, Space


class Verdict(StrEnum):
    """Which lens marks a pair."""

    BOTH = "both"
    MEANING_ONLY = "meaning_only"
    CONTEXT_ONLY = "context_only"
    NEITHER = "neither"
    NOT_COMPARABLE = "not_comparable"

    @property
    def label(self) -> str:
        """The verdict in plain words."""
        return self.value.replace("_", " ")


class Reason(StrEnum):
    """Why a pair is not comparable; the first that holds, in this order."""

    SAME_WORD = "same_word"
    """Both ends are the same word form: a static vector cannot tell them apart."""
    UNKNOWN_WORD = "unknown_word"
    """The static model has no vector for at least one end."""
    OUTSIDE_WINDOW = "outside_window"
    """No window of the contextual model held both ends."""


class WordRef(Wire):
    """A word in its place."""

    word: int
    """Position among the document's words, from 0; punctuation counts."""
    text: str
    start: int
    """First code point."""
    end: int
    """One past the last code point."""


class StaticRelation(Wire):
    """A pair seen through the static lens."""

    cosine: float
    """Cosine of the two vectors, -1 to 1."""
    percentile: float
    """Share of random vocabulary pairs of like frequency with a lower cosine."""


class Without(Wire):
    """What one word of a pair loses without the other: 1 - cosine of its vectors with the other's values
    and with zeros in their place, mean over the layers (value zeroing)."""

    a: float
    """Change of a without b."""
    b: float
    """Change of b without a."""


class ContextualRelation(Wire):
    """A pair seen through the contextual lens."""

    forward: float
    """Share of a's attention to words that goes to b."""
    backward: float
    """Share of b's attention to words that goes to a."""
    lift: float
    """Weight over what is usual at that distance; the stronger direction."""
    percentile: float
    """Share of pairs at a like distance in running text with a lower lift."""
    windows: int
    """Windows that held both words; the weights are their mean."""
    without: Without | None = None
    """Set for the pairs that were audited (`options.audited_pairs`)."""


class Direction(StrEnum):
    """Which end of a pair depends on, or refers to, the other."""

    A_TO_B = "a_to_b"
    B_TO_A = "b_to_a"


class HeadVoice(Wire):
    """What one attention head had to say for a pair's kind."""

    layer: int
    """From 1."""
    head: int
    """From 1."""
    added: float
    """What it adds to the pair's score above the mean of the word's other candidates, in logits."""


class RelationKind(Wire):
    """The kind of a relation, by the model's head catalogue."""

    name: str
    """`subject`, `object`, `refers_to` …; the catalogue says how often each is right."""
    direction: Direction
    """From the dependent to its head, or from the word that refers to the one referred to."""
    probability: float
    """Calibrated on held-out text: of pairs with 0.8, eight in ten are right."""
    heads: list[HeadVoice] | None = None
    """Loudest first, where the job asked for them (`options.heads_named`)."""


class Relation(Wire):
    """One pair of words that some window held, a before b in the text."""

    a: WordRef
    b: WordRef
    distance: int
    """Words from a to b."""
    same_sentence: bool
    static: StaticRelation | None
    """None where the static model lacks a word."""
    contextual: ContextualRelation
    kind: RelationKind | None = None
    """The likeliest kind, from a probability of 0.5 on, where the model has a catalogue."""
    joint: float | None = None
    """Probability, by both lenses together, that one of the words depends on the other; for pairs of
    one sentence, where there is a joint catalogue for the two models."""
    verdict: Verdict
    reason: Reason | None = None
    """Set exactly when the verdict is `not_comparable`."""


class NotComparableCounts(Wire):
    """Pairs that cannot be compared, by reason."""

    same_word: int = 0
    unknown_word: int = 0
    outside_window: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.same_word + self.unknown_word + self.outside_window


class VerdictCounts(Wire):
    """All candidate pairs of a document by verdict."""

    both: int = 0
    meaning_only: int = 0
    context_only: int = 0
    neither: int = 0
    not_comparable: NotComparableCounts = NotComparableCounts()

    @property
    def total(self) -> int:
        """Equals the report's `n_candidate_pairs`."""
        return self.both + self.meaning_only + self.context_only + self.neither + self.not_comparable.total


class Neighbour(Wire):
    """A vocabulary word near another."""

    word: str
    cosine: float


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
    """Share of the words' attention that went to special tokens; removed before the weights."""
    precision: str
    """Number format the transformer ran in."""
    catalogue: str | None = None
    """Head catalogue, where the model has one; its kinds are in the relations."""
    profile: Profile | None = None
    """Which of the catalogue's heads were read."""
    background: str
    """What lifts are held against: `running_text` where the model has a measured background, else the
    `document` itself."""


class Provenance(Wire):
    """What the numbers rest on."""

    bifocal: str
    """Version."""
    static: str
    """`sha256:` of the static vectors' content and of the space they are read in."""
    contextual: str
    """`sha256:` of the transformer's weights."""
    joint: str | None = None
    """Joint catalogue of the two models, where there is one."""
    text: str
    """`sha256:` of the text, as UTF-8."""
    options: Options


class Report(Wire):
    """One document through both lenses."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    id: str
    index: int
    """Position in the job, from 0."""
    outcome: Literal["succeeded"] = "succeeded"
    language: str
    n_words: int
    """Words, punctuation included."""
    n_sentences: int
    n_candidate_pairs: int
    """Pairs of words that are not punctuation; the verdict counts add up to it."""
    verdicts: VerdictCounts
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
