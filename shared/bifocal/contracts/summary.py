"""What a document comes to: counts, and how far the lenses agree on it."""

from bifocal.contracts._wire import Wire
from bifocal.contracts.relation import WordRef


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


class Interval(Wire):
    """The middle 95 % of a distribution."""

    low: float
    high: float


class Null(Wire):
    """What a figure comes to when the document's words are shuffled under the static lens."""

    interval: Interval
    p_value: float
    """Share of the shuffles, the document itself counted as one, with a figure as high or higher."""


class Agreement(Wire):
    """How far the first two models put the document's pairs in the same order.

    Over comparable pairs that some window held; of a long document over some stretches of it.
    """

    n_pairs: int
    spearman: float | None
    """Rank correlation of the two percentiles, -1 to 1; None where they have no order."""
    interval: Interval | None = None
    """Of `spearman`, by a jackknife over the document's words."""
    null: Null | None = None
    """Of `spearman`; None without permutations (`options.permutations`)."""
    n_top: int
    """A hundredth of the pairs, ten at least."""
    top_overlap: float | None
    """Share of the `n_top` strongest pairs of one lens that are among those of the other."""
    top_null: Null | None = None
    """Of `top_overlap`."""


class ModelAgreement(Wire):
    """How far any two models of a job put the document's pairs in the same order."""

    models: tuple[str, ...]
    """Static ones first, in the order of the options."""
    spearman: tuple[tuple[float | None, ...], ...]
    """Rank correlation of the percentiles of each two models, over pairs that all can compare."""


class LongRange(Wire):
    """How much of what a lens marks lies far apart. Shares of pairs, 0 to 1; None without any."""

    beyond_words: int
    """Pairs farther apart count as far."""
    all_pairs: float | None
    """Of all comparable pairs that some window held."""
    static: float | None
    """Of those that the static lens marks."""
    contextual: float | None
    across_sentences_all_pairs: float | None
    """Of all comparable pairs, those with their words in two sentences."""
    across_sentences_static: float | None
    across_sentences_contextual: float | None


class Divergent(Wire):
    """A word whose strongest relations differ between the lenses, and where that can be seen."""

    word: WordRef
    """Where its strongest contextual relation is."""
    divergence: float
    """Mean distance, in ranks from 0 to 1, between what the lenses say of its strongest partners."""
    by_meaning: tuple[WordRef, ...]
    """Its strongest partners under the static lens, strongest first."""
    by_context: tuple[WordRef, ...]
    """The same under the contextual lens."""
    sentence: str
    """The sentence around the word, at most 400 characters of it."""
    sentence_start: int
    """First code point of `sentence`."""
