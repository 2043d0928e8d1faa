"""Fitting the rankers of a catalogue, and refitting them to measure on what they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bifocal_contextual.catalogue.references import BLOCKS, DIRECTIONS, Block, MentionRanker
from bifocal_laboratory.corpora import MentionKind
from bifocal_laboratory.references.estimates import best_on_grid
from bifocal_laboratory.references.evaluate import TO_NON_PRONOUN
from bifocal_laboratory.references.features import Ints
from bifocal_laboratory.references.fit import Candidates, Schedule, fit_weights, stacked
from bifocal_laboratory.references.gap import decided, f1_score, ranker_probabilities
from bifocal_laboratory.references.names import OTHER, NamePairs
from bifocal_laboratory.references.pairs import KINDS, MentionPairs
from bifocal_laboratory.references.rankers import Bools, Doubles, mention_ranker
from bifocal_laboratory.references.strings import STRING_FEATURES

#: Blocks that a pronoun's own row of weights is enough for.
ROW_BLOCKS: Final[tuple[Block, ...]] = ("head", "span", "after_antecedent")
NAMES_SCHEDULE = Schedule(l2=2e-2)
PRONOUN_SCHEDULE = Schedule(l2=1e-2)
SCHEDULE = Schedule(l2=3e-2)
#: Weights of the losses over antecedents that are no pronouns, and over GAP's names, beside that over
#: all antecedents, for the ranker that is asked for what is no pronoun.
NON_PRONOUN_WEIGHT, NAMES_WEIGHT = 1.0, 3.0
FOLDS = 5
_SEED = 20181016
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which heads a catalogue may use: `heads` everywhere, `row_heads` in the rows of pronouns only."""

    name: str
    n_heads: int
    heads: tuple[int, ...]
    row_heads: tuple[int, ...] = ()

    def columns(self, *, pronoun: bool, strings: bool = False, nothing: bool = False) -> Bools:
        """Columns of `Candidates.features` that a ranker may use, ``(n_columns,)``."""
        attention = np.zeros((len(BLOCKS), len(DIRECTIONS), self.n_heads), dtype=bool)
        attention[:, :, list(self.heads)] = True
        if pronoun:
            for block in ROW_BLOCKS:
                attention[BLOCKS.index(block), 0, list(self.row_heads)] = True
        tail = [*[strings] * len(STRING_FEATURES), nothing]
        return np.concatenate([attention.reshape(-1), np.array(tail)])


def folds_of(n: int, folds: int = FOLDS) -> Ints:
    """A fold for each of `n` items or documents, always the same, ``(n,)``."""
    drawn: Ints = np.random.default_rng(_SEED).permutation(n) % folds
    return drawn


def name_candidates(pairs: NamePairs) -> Candidates:
    """The places of both names and nothing, for the item's own pronoun."""
    row, column = pairs.pairs.T
    kept = np.flatnonzero((row == 0) & (pairs.roles[column] < OTHER))
    truth = np.array([pairs.item.a_coref, pairs.item.b_coref])
    nothing = np.zeros((1, pairs.features.shape[1]), dtype=np.float16)
    nothing[0, -1] = 1
    return Candidates(
        features=np.concatenate([pairs.features[kept], nothing]),
        item=np.zeros(len(kept) + 1, dtype=np.int64),
        correct=np.append(truth[pairs.roles[column[kept]]], not truth.any()),
    )


def fit_names(
    pairs: Sequence[NamePairs], profile: Profile, *, threshold: float = 0.0, static: float = 0.0
) -> MentionRanker:
    """Fit the ranker of pronouns and given names on GAP items."""
    used = profile.columns(pronoun=True, nothing=True)
    columns = fit_weights([(stacked([name_candidates(p) for p in pairs]), 1.0)], used, NAMES_SCHEDULE)
    return mention_ranker(columns, used, profile.n_heads, threshold=threshold, static=static)


def cross_validated(
    pairs: Sequence[NamePairs],
    fit: Callable[[Sequence[NamePairs]], MentionRanker],
    n_heads: int,
    *,
    folds: int = FOLDS,
    static: float = 0.0,
    chain_steps: int = 2,
) -> Doubles:
    """Probabilities ``(n_items, 3)`` of A, B and neither, each by a ranker fitted without its fold."""
    fold = folds_of(len(pairs), folds)
    found = np.zeros((len(pairs), 3))
    for number in range(folds):
        ranker = fit([p for p, f in zip(pairs, fold, strict=True) if f != number])
        rows = np.flatnonzero(fold == number)
        found[rows] = ranker_probabilities(
            [pairs[row] for row in rows.tolist()], ranker, n_heads, chain_steps=chain_steps, static=static
        )
    return found


def best_threshold(pairs: Sequence[NamePairs], probabilities: Doubles) -> float:
    """The least probability of a named antecedent with the best F1."""
    truth = np.array([(p.item.a_coref, p.item.b_coref) for p in pairs], dtype=bool).reshape(-1, 2)
    return best_on_grid(lambda least: float(f1_score(truth, decided(probabilities, least))[0]), _THRESHOLDS)


def fit_mentions(
    parts: Sequence[MentionPairs], profile: Profile, names: Sequence[NamePairs] = ()
) -> dict[str, MentionRanker]:
    """Fit a ranker for each type of mention, and one for pronouns asked for what is no pronoun.

    A type without any anaphor that has an antecedent gets no ranker.

    Args:
        parts: documents with coreference.
        profile: heads to use.
        names: GAP items, which teach the last of these rankers too.
    """
    pronoun = KINDS.index(MentionKind.THIRD_PERSON_PRONOUN)
    rankers: dict[str, MentionRanker] = {}
    for number, kind in enumerate(KINDS):
        rows = [part.kinds[part.pairs[:, 0]] == number for part in parts]
        every = stacked([part.candidates.only(r) for part, r in zip(parts, rows, strict=True)])
        if not len(every.item):
            continue
        used = profile.columns(pronoun=number == pronoun, strings=True)
        schedule = PRONOUN_SCHEDULE if number == pronoun else SCHEDULE
        columns = fit_weights([(every, 1.0)], used, schedule)
        rankers[kind.value] = mention_ranker(columns, used, profile.n_heads)
        if number == pronoun:
            rankers[TO_NON_PRONOUN] = fit_to_non_pronoun(parts, profile, names)
    return rankers


def fit_to_non_pronoun(
    parts: Sequence[MentionPairs], profile: Profile, names: Sequence[NamePairs] = ()
) -> MentionRanker:
    """Fit the ranker of pronouns of the third person that are asked for what is no pronoun.

    It sees attention alone: how near and of what kind antecedents are differs between corpora.
    """
    pronoun = KINDS.index(MentionKind.THIRD_PERSON_PRONOUN)
    rows = [part.kinds[part.pairs[:, 0]] == pronoun for part in parts]
    last = [part.kinds[part.pairs[:, 1]] != pronoun for part in parts]
    every = [part.candidates.only(r) for part, r in zip(parts, rows, strict=True)]
    named = [part.candidates.only(r & o) for part, r, o in zip(parts, rows, last, strict=True)]
    terms = [(stacked(every), 1.0), (stacked(named), NON_PRONOUN_WEIGHT)]
    if names:
        terms.append((stacked([name_candidates(p) for p in names]), NAMES_WEIGHT))
    used = profile.columns(pronoun=True, nothing=bool(names))
    return mention_ranker(fit_weights(terms, used, PRONOUN_SCHEDULE), used, profile.n_heads)


def shares_right(shares: Doubles, item: Ints, correct: Bools) -> Doubles:
    """Logarithm of the probability that falls to right rows, by item, ``(n_items,)``."""
    _, inverse = np.unique(item, return_inverse=True)
    right: Doubles = np.log(np.maximum(np.bincount(inverse, weights=shares * correct), 1e-9))
    return right
