"""What the ends of pairs are: words, or runs of words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Candidates, Options, ShardDocument
from bifocal.errors import InvalidOptions
from bifocal.lenses import PairKinds
from bifocal.text import is_candidate
from bifocal_gateway.units.noun_phrases import noun_phrases

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Runs of words that may be ends of a pair, in order, none overlapping another.

    Shapes: `first` and `end` ``(n_units,)``, first and one past the last word; `of_word` ``(n_words,)``, the
    unit that each word is in, -1 for none.
    """

    first: Ints
    end: Ints
    of_word: Ints

    @classmethod
    def of(cls, spans: Sequence[tuple[int, int]] | Ints, n_words: int) -> "Units":
        """From first and end words, in order."""
        bounds = np.array(spans, dtype=np.int64).reshape(-1, 2)
        first, end = bounds[:, 0].copy(), bounds[:, 1].copy()
        of_word = np.full(n_words, -1, dtype=np.int64)
        lengths = end - first
        number = np.repeat(np.arange(len(first)), lengths)
        within = np.arange(len(number)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        of_word[first[number] + within] = number
        return cls(first=first, end=end, of_word=of_word)

    def __len__(self) -> int:
        return len(self.first)

    @property
    def are_words(self) -> bool:
        """Whether each is a single word."""
        return bool((self.end - self.first == 1).all())


def units_of(
    document: ShardDocument, options: Options, kinds: PairKinds | None, kind_names: Sequence[str]
) -> Units:
    """The units of a document by `options.candidates`.

    `kinds` are those of the contextual lens, and `kind_names` behind their codes.

    Raises:
        InvalidOptions: noun phrases are asked for, and there are no kinds to make them of.
    """
    n_words = len(document.word_starts)
    if options.candidates is Candidates.TERMS:
        return Units.of(document.terms, n_words)
    candidate = np.array([is_candidate(word) for word in document.words], dtype=np.bool_)
    if options.candidates is Candidates.CONTENT_WORDS:
        candidate[document.stop_words] = False
    if options.candidates is Candidates.NOUN_PHRASES:
        if kinds is None:
            raise InvalidOptions(
                "noun phrases are made of the kinds that a head catalogue tells, and the first contextual "
                "model has none for this language; choose other candidates"
            )
        phrases = noun_phrases(candidate, kinds, kind_names)
        return Units.of(_without_articles(phrases, set(document.stop_words)), n_words)
    words = np.flatnonzero(candidate)
    return Units.of(np.stack([words, words + 1], axis=1), n_words)


def _without_articles(phrases: Sequence[tuple[int, int]], stop_words: set[int]) -> list[tuple[int, int]]:
    """Phrases without the stop words they begin with, so that *the king* is *a king*; pronouns stay."""
    found = []
    for first, end in phrases:
        while first < end - 1 and first in stop_words:
            first += 1
        found.append((first, end))
    return found
