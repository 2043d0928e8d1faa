"""A pair of words under the lenses, and the verdict on it."""

from enum import StrEnum

from bifocal.contracts._wire import Wire


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
    """A word, or a run of words, in its place."""

    word: int
    """Position of the first word among the document's words, from 0; punctuation counts."""
    n_words: int = 1
    text: str
    start: int
    """First code point."""
    end: int
    """One past the last code point."""


class Direction(StrEnum):
    """Which end of a pair depends on, refers to, or is a kind or part of, the other."""

    A_TO_B = "a_to_b"
    B_TO_A = "b_to_a"


class LexicalKind(Wire):
    """What two words are to one another in the language, by their static vectors."""

    name: str
    """`hypernym`, `co_hyponym`, `meronym` …; the lexical catalogue says how often each is right."""
    direction: Direction | None
    """None for kinds that go both ways."""
    probability: float


class StaticRelation(Wire):
    """A pair seen through a static lens. The vector of several words is their sum."""

    cosine: float
    """Cosine of the two vectors, -1 to 1."""
    percentile: float
    """Share of random vocabulary pairs of like frequency with a lower cosine."""
    rank: float
    """Share of the document's pairs with a lower percentile under this lens."""
    kind: LexicalKind | None = None
    """The likeliest lexical relation, from `options.lexical_threshold` on, of pairs of words that the lens
    marks, where the model has a lexical catalogue."""


class Without(Wire):
    """What one word of a pair loses without the other: 1 - cosine of its vectors with the other's values
    and with zeros in their place, mean over the layers (value zeroing)."""

    a: float
    """Change of a without b."""
    b: float
    """Change of b without a."""


class ContextualRelation(Wire):
    """A pair seen through a contextual lens. To several words goes the sum, from them comes the mean."""

    forward: float
    """Share of a's attention to words that goes to b."""
    backward: float
    """Share of b's attention to words that goes to a."""
    lift: float
    """Weight over what is usual at that distance; the stronger direction."""
    percentile: float
    """Share of pairs at a like distance in running text with a lower lift."""
    rank: float
    """Share of the document's pairs with a lower percentile under this lens."""
    windows: int
    """Windows that held both words; the weights are their mean."""
    without: Without | None = None
    """Set for the pairs that were audited (`options.audited_pairs`)."""


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


class FurtherFigures(Wire):
    """A pair under the models of the job behind the first ones, in their order; None where a model has no
    vector, or no window that held both."""

    static: tuple[StaticRelation | None, ...] = ()
    contextual: tuple[ContextualRelation | None, ...] = ()


class Relation(Wire):
    """One pair of words that some window held, a before b in the text."""

    a: WordRef
    b: WordRef
    distance: int
    """Words from a to b, first to first."""
    same_sentence: bool
    static: StaticRelation | None
    """By the first static model; None where it lacks a word."""
    contextual: ContextualRelation
    """By the first contextual model."""
    further: FurtherFigures | None = None
    """Where the job names more models."""
    kind: RelationKind | None = None
    """The likeliest kind, from a probability of 0.5 on, where the model has a catalogue."""
    joint: float | None = None
    """Probability, by both lenses together, that one of the words depends on the other; for pairs of
    one sentence, where there is a joint catalogue for the two models."""
    verdict: Verdict
    reason: Reason | None = None
    """Set exactly when the verdict is `not_comparable`."""
