"""What a probe is fitted on: pairs that lists name, pairs that they do not, pairs of running text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_laboratory.corpora import LexicalPair
from bifocal_laboratory.lexical.network import Ints
from bifocal_laboratory.lexical.outcomes import Outcomes, present_kinds
from bifocal_laboratory.lexical.pairs import LabelledPairs
from bifocal_laboratory.lexical.running_text import MarkedPairs
from bifocal_static.vectors import Vectors

#: Pairs of one kind, and random pairs of the lists, that are fitted on at most.
MOST_OF_A_KIND = 40_000
#: Pairs of no kind at most, and not more than listed ones: of words of the lists put together anew, of the
#: vocabulary, and of running text.
RECOMBINED, VOCABULARY, RUNNING_TEXT = 20_000, 20_000, 60_000
#: Words of the vocabulary, the most frequent first, that pairs are drawn of.
FREQUENT = 40_000

_SEED = 20090630


class Listed:
    """What lists say of two words; of several lists the first that names a pair counts."""

    def __init__(self, vectors: Vectors, pairs: Sequence[LexicalPair]) -> None:
        self.outcomes: Outcomes = present_kinds(pairs)
        self._outcome: dict[tuple[str, str], int] = {}
        for pair in pairs:
            first, second = vectors.key(pair.first), vectors.key(pair.second)
            if first and second and first != second:
                outcome = self.outcomes.number(pair.kind.value, forward=pair.forward)
                if first > second:
                    first, second, outcome = second, first, self.outcomes.swapped(outcome)
                self._outcome.setdefault((first, second), outcome)
        self.words = frozenset(word for pair in self._outcome for word in pair)

    def __len__(self) -> int:
        return len(self._outcome)

    def find(self, first: str, second: str) -> int:
        """The outcome of a pair; none for one that no list has."""
        if first < second:
            return self._outcome.get((first, second), self.outcomes.none)
        return self.outcomes.swapped(self._outcome.get((second, first), self.outcomes.none))

    def names(self, first: str, second: str) -> bool:
        """Whether a list has the pair, as a random one too."""
        return (min(first, second), max(first, second)) in self._outcome

    def rows(self) -> list[tuple[str, str, int]]:
        """All pairs and their outcomes, ordered by their words."""
        return [(*pair, outcome) for pair, outcome in sorted(self._outcome.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Pairs to fit on, and pairs of running text to calibrate on.

    Shape: `document` ``(n_text,)``, number of each text pair's document.
    """

    outcomes: Outcomes
    pairs: LabelledPairs
    text: LabelledPairs
    document: Ints

    @classmethod
    def gather(cls, vectors: Vectors, listed: Listed, marked: MarkedPairs) -> "Material":
        """Draw pairs of no kind besides those that the lists name; the same every time."""
        generator = np.random.default_rng(_SEED)
        text = [
            (marked.words[i], marked.words[j], listed.find(marked.words[i], marked.words[j]))
            for i, j in zip(marked.i.tolist(), marked.j.tolist(), strict=True)
        ]
        unnamed = [row for row in text if not listed.names(*row[:2])]
        frequent = [word for word in vectors.keyed.index_to_key[:FREQUENT] if word.isalpha()]
        rows = [
            *_at_most(listed.rows(), generator),
            *_put_together(sorted(listed.words), min(RECOMBINED, len(listed)), listed, generator),
            *_put_together(frequent, min(VOCABULARY, len(listed)), listed, generator),
            *_drawn(unnamed, min(RUNNING_TEXT, len(listed)), generator),
        ]
        return cls(
            outcomes=listed.outcomes,
            pairs=LabelledPairs.of(vectors, rows),
            text=LabelledPairs.of(vectors, text),
            document=marked.document,
        )


Row = tuple[str, str, int]


def _at_most(rows: Sequence[Row], generator: np.random.Generator) -> list[Row]:
    """At most `MOST_OF_A_KIND` of each outcome, both directions of a kind being two."""
    by_outcome: dict[int, list[Row]] = {}
    for row in rows:
        by_outcome.setdefault(row[2], []).append(row)
    return [row for _, one in sorted(by_outcome.items()) for row in _drawn(one, MOST_OF_A_KIND, generator)]


def _drawn(rows: Sequence[Row], most: int, generator: np.random.Generator) -> list[Row]:
    if len(rows) <= most:
        return list(rows)
    return [rows[k] for k in np.sort(generator.choice(len(rows), most, replace=False))]


def _put_together(words: Sequence[str], n: int, listed: Listed, generator: np.random.Generator) -> list[Row]:
    """Two words at random, n times, less what the lists have."""
    if len(words) < 2:
        return []
    drawn: npt.NDArray[np.int64] = generator.integers(len(words), size=(n, 2))
    chosen = [(words[a], words[b]) for a, b in drawn.tolist() if a != b]
    return [(a, b, listed.outcomes.none) for a, b in chosen if not listed.names(a, b)]
