"""What a job may choose."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from bifocal.contracts._wire import Wire


def _differ(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a model is named twice")
    return names


Share = Annotated[float, Field(ge=0.0, le=1.0)]

#: Models of one side that a job may name.
MOST_MODELS = 8
Models = Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_MODELS), AfterValidator(_differ)]


class Listing(StrEnum):
    """Which pairs a report lists; the counts always cover every candidate pair."""

    RELATED = "related"
    """Pairs that at least one lens marks."""
    ALL = "all"
    """Every candidate pair that a window held. Grows with the square of a short document's length."""


class Candidates(StrEnum):
    """Which words, or runs of words, are ends of pairs."""

    WORDS = "words"
    """Every word that is not punctuation."""
    CONTENT_WORDS = "content_words"
    """Of these, those that are not on the language's list of stop words (which holds the pronouns)."""
    NOUN_PHRASES = "noun_phrases"
    """Nouns with the determiners, adjectives, numbers and names that the head catalogue ties to them, and
    pronouns; for a transformer that has a catalogue."""
    TERMS = "terms"
    """The job's own list of terms, of one word or of several."""


class Scope(StrEnum):
    """How far apart the ends of a pair may be."""

    DOCUMENT = "document"
    """Anywhere in the document; pairs that no window held are counted as not comparable."""
    WINDOW = "window"
    """In one window of the first transformer."""
    SENTENCE = "sentence"
    """In one sentence."""


class Method(StrEnum):
    """How the heads' attention becomes one weight; `bifocal evaluate methods` sets quality against cost."""

    AUTO = "auto"
    """`heads` where the model has a catalogue, else `alti`, else `norm`."""
    HEADS = "heads"
    """Norm-based weights of the few heads that a catalogue names."""
    ALTI = "alti"
    """How much nearer each output is to what a word gave than to nothing, in one block."""
    NORM = "norm"
    """Every head's weight times the length of what it moves."""
    MEAN = "mean"
    """The plain mean over all heads and layers."""
    ROLLOUT = "rollout"
    """The layers' mean attention multiplied up."""


class Profile(StrEnum):
    """Which heads a catalogue's kinds are read from."""

    FULL = "full"
    """All that carry weight."""
    FAST = "fast"
    """At most a dozen."""


class Space(StrEnum):
    """Where cosines of static vectors are taken."""

    COMMON_REMOVED = "common_removed"
    """The vectors less what all of a vocabulary share: their mean and a few directions (all-but-the-top)."""
    AS_TRAINED = "as_trained"
    """The vectors as they are in the file."""


class Options(Wire):
    """How the documents of a job are read and compared."""

    static_models: Models = ("glove-6b-50d",)
    """Static embeddings, of the names the deployment allows; verdicts are by the first. `NAME:embeddings` is
    the embedding layer of the transformer `NAME`."""
    static_space: Space = Space.COMMON_REMOVED
    """Where cosines of static vectors are taken."""
    contextual_models: Models = ("minilm-l6",)
    """Transformers, of the names the deployment allows; verdicts are by the first. `NAME:layer-N` is one
    layer of the transformer `NAME`, from 1."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    """Word and sentence rules, as an ISO 639 code; `xx` for none in particular."""
    candidates: Candidates = Candidates.WORDS
    """Which words, or runs of words, are ends of pairs."""
    scope: Scope = Scope.DOCUMENT
    """How far apart the ends of a pair may be."""
    method: Method = Method.AUTO
    """How the heads' attention becomes one weight."""
    profile: Profile = Profile.FULL
    """Which heads the kinds of relations are read from, where the model has a catalogue."""
    heads_named: Annotated[int, Field(ge=0, le=20)] = 0
    """Heads to name for each pair that has a kind, those that spoke loudest for it."""
    audited_pairs: Annotated[int, Field(ge=0, le=200)] = 0
    """Pairs of each document, the strongest, for which it is measured what each word loses without
    the other (value zeroing)."""
    window_tokens: Annotated[int, Field(ge=16, le=8192)] | None = None
    """Pieces a window holds, specials included; by default what the model takes."""
    window_overlap: Annotated[float, Field(ge=0.0, le=0.9)] = 0.5
    """Share of a window that the next one reads again."""
    static_threshold: Share = 0.99
    """Percentile of the cosine from which the static lens marks a pair."""
    contextual_threshold: Share = 0.97
    """Percentile of the lift from which the contextual lens marks a pair."""
    lexical_threshold: Share = 0.2
    """Probability from which a lexical kind is told."""
    listing: Listing = Listing.RELATED
    """Which pairs the report lists."""
    most_relations: Annotated[int, Field(ge=1, le=200_000)] = 50_000
    """Most relations a report lists; of more, those of the highest percentile under either lens."""
    neighbours: Annotated[int, Field(ge=0, le=50)] = 0
    """Nearest vocabulary words to report for each word of the document."""
    permutations: Annotated[int, Field(ge=0, le=10_000)] = 199
    """Times that a document's words are shuffled, to see how far the lenses agree by chance."""
