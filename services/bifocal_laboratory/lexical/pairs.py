"""Labelled pairs as arrays, and the ways to set some of them aside."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_laboratory.lexical.network import FitOptions, Floats, Ints, PairNetwork, fit_network, scores_of
from bifocal_laboratory.lexical.outcomes import Outcomes
from bifocal_static.vectors import Vectors

Bools = npt.NDArray[np.bool_]

#: Parts that words, or pairs, are dealt into to set each of them aside once.
FOLDS = 5
_SEED = 20150601


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPairs:
    """Pairs of words with vectors, and what each is.

    Shapes: `vectors` ``(n_words, size)``, unit length; `i`, `j` ``(n,)``, the pairs' words; `outcome`
    ``(n,)``.
    """

    words: tuple[str, ...]
    vectors: Floats
    i: Ints
    j: Ints
    outcome: Ints

    @classmethod
    def of(cls, vectors: Vectors, pairs: Iterable[tuple[str, str, int]]) -> "LabelledPairs":
        """Of two forms of the vocabulary and an outcome each, in order."""
        rows = list(pairs)
        words = tuple(sorted({word for first, second, _ in rows for word in (first, second)}))
        number = {word: place for place, word in enumerate(words)}
        table = np.array([(number[a], number[b], k) for a, b, k in rows], dtype=np.int64).reshape(-1, 3)
        return cls(
            words=words, vectors=vectors.unit(words), i=table[:, 0], j=table[:, 1], outcome=table[:, 2]
        )

    def __len__(self) -> int:
        return len(self.i)

    def fit(self, rows: Bools, outcomes: Outcomes, options: FitOptions) -> PairNetwork:
        """A network of some pairs.

        Raises:
            ValueError: there are none.
        """
        left, right = self._sides(rows)
        return fit_network(left, right, self.outcome[rows], outcomes, options)

    def scores(self, network: PairNetwork, rows: Bools) -> Floats:
        """What a network says of some pairs ``(k, outcomes)``."""
        return scores_of(network, *self._sides(rows))

    def _sides(self, rows: Bools) -> tuple[Floats, Floats]:
        return self.vectors[self.i[rows]], self.vectors[self.j[rows]]


def word_folds(words: Sequence[str]) -> Ints:
    """A part ``(n_words,)`` for each word, the same for a word whatever others there are."""
    return _numbers(words) % FOLDS


def pair_folds(pairs: LabelledPairs) -> Ints:
    """A part ``(n,)`` for each pair, the same for a pair in either order whatever others there are."""
    numbers = _numbers(pairs.words)
    # Not of the parts of the words, so that each part has pairs of all words.
    return (numbers[pairs.i] // FOLDS + numbers[pairs.j] // FOLDS) % FOLDS


def _numbers(words: Sequence[str]) -> Ints:
    """What each word's bytes come to, as a random number generator spreads it."""
    seeds = [np.random.SeedSequence([_SEED, *word.encode()]) for word in words]
    return np.array([int(seed.generate_state(1)[0]) for seed in seeds], dtype=np.int64)


def unseen_words(pairs: LabelledPairs) -> Iterator[tuple[Bools, Bools]]:
    """Pairs to fit on and pairs to measure on, in turns: no word of these is in any of those."""
    folds = word_folds(pairs.words)
    i, j = folds[pairs.i], folds[pairs.j]
    for fold in range(FOLDS):
        yield (i != fold) & (j != fold), (i == fold) & (j == fold)


def unseen_first_words(pairs: LabelledPairs) -> Iterator[tuple[Bools, Bools]]:
    """As `unseen_words`, but only the first word of a measured pair is not the first of a fitted one."""
    fold_of_pair = word_folds(pairs.words)[pairs.i]
    for fold in range(FOLDS):
        yield fold_of_pair != fold, fold_of_pair == fold


def random_fifth(n: int) -> Bools:
    """Which of n pairs are set aside; the same every time."""
    aside: Bools = np.random.default_rng(_SEED).permutation(n) % FOLDS == 0
    return aside
