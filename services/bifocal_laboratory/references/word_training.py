"""Fitting and calibrating the ranker of words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bifocal_contextual.catalogue.references import WordsRanker
from bifocal_laboratory.references.calibrate import platt, temperature
from bifocal_laboratory.references.fit import Candidates, Schedule, fit_weights, stacked
from bifocal_laboratory.references.rankers import Bools, Doubles, head_weights, rounded, scores_of
from bifocal_laboratory.references.strings import STRING_FEATURES
from bifocal_laboratory.references.training import Profile
from bifocal_laboratory.references.words import (
    DISTANCE_EDGES,
    PASSED_OVER,
    REACH_WORDS,
    WordPairs,
    word_probabilities,
    words_columns,
)

_SCHEDULE = Schedule(l2=3e-3)
#: Weight of GAP's loss beside that of documents.
GAP_WEIGHT = 1.0
#: Pairs less likely than this do not enter the calibration: nearly all are, and none will be shown.
LEAST_PROBABILITY = 0.02


def _used(profile: Profile) -> Bools:
    """Columns of `WordPairs.features` that a profile may use."""
    attention = np.zeros((2, profile.n_heads), dtype=bool)
    attention[:, list(profile.heads)] = True
    attention[0, list(profile.row_heads)] = True
    return np.append(attention.reshape(-1), [True] * (len(DISTANCE_EDGES) + 1))


def fit_words(documents: Sequence[WordPairs], names: Sequence[WordPairs], profile: Profile) -> WordsRanker:
    """Fit on documents, where all earlier words are candidates, and on GAP items, where names' words are.

    Temperature and Platt's scaling are left at one; see `calibrated_ranker`.
    """
    used = _used(profile)
    terms = [(_solvable(documents), 1.0)]
    if names:
        terms.append((_solvable(names), GAP_WEIGHT))
    columns = fit_weights(terms, used, _SCHEDULE)
    size = 2 * profile.n_heads
    # `head_weights` reads the columns of all blocks; here there is the first block only.
    padded = np.zeros(8 * profile.n_heads + len(STRING_FEATURES) + 1, dtype=np.float32)
    padded[:size] = columns[:size]
    mask = np.zeros(len(padded), dtype=bool)
    mask[:size] = used[:size]
    return WordsRanker(
        attention=head_weights(padded, mask, profile.n_heads),
        reach_words=REACH_WORDS,
        passed_over=tuple(sorted(PASSED_OVER)),
        distance_edges=DISTANCE_EDGES,
        distance_bias=tuple(rounded(bias) for bias in columns[size:-1]),
        null=rounded(columns[-1]),
        temperature=1.0,
    )


def _solvable(parts: Sequence[WordPairs]) -> Candidates:
    return stacked([part.candidates() for part in parts if len(part.pairs)])


def unseen_scores(
    documents: Sequence[WordPairs], names: Sequence[WordPairs], profile: Profile, fold: Sequence[int]
) -> list[tuple[Doubles, WordsRanker]]:
    """For each document its scores ``(n_pairs,)`` by a ranker fitted without its fold, and that ranker."""
    rankers = {
        number: fit_words([d for d, f in zip(documents, fold, strict=True) if f != number], names, profile)
        for number in sorted(set(fold))
    }
    return [
        (scores_of(part.features, words_columns(rankers[number], profile.n_heads)), rankers[number])
        for part, number in zip(documents, fold, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """A text that `ranker` was not fitted on; `known` ``(n_pairs,)``: whether a pair is right is known."""

    pairs: WordPairs
    ranker: WordsRanker
    known: Bools


def calibrated_ranker(
    ranker: WordsRanker, sources: Sequence[Sequence[HeldOut]], n_heads: int, *, static: float = 0.0
) -> WordsRanker:
    """`ranker` with temperature and Platt's scaling found on texts that its likes were not fitted on.

    The temperature is that of the texts whose pairs are all known; all sources count the same for
    Platt's scaling.

    Args:
        ranker: what to calibrate.
        sources: held-out texts of each corpus.
        n_heads: heads of the model.
        static: weight of the static cosine when both lenses speak.

    Raises:
        ValueError: there is no text whose pairs are all known.
    """
    whole = [text for texts in sources for text in texts if text.known.all() and len(text.pairs.pairs)]
    if not whole:
        raise ValueError("a temperature needs texts whose pairs are all known")
    every = stacked([text.pairs.candidates() for text in whole])
    scores = [scores_of(t.pairs.candidates().features, words_columns(t.ranker, n_heads)) for t in whole]
    heat = temperature(np.concatenate(scores), every.item, every.correct)
    shares, correct, times = [np.zeros(0)], [np.zeros(0, dtype=bool)], [np.zeros(0)]
    for texts in sources:
        said, right = likely_pairs(texts, n_heads, heat)
        shares.append(said)
        correct.append(right)
        times.append(np.full(len(said), 1 / max(len(said), 1)))
    slope, intercept = platt(np.concatenate(shares), np.concatenate(correct), np.concatenate(times))
    return ranker.model_copy(
        update={
            "temperature": rounded(heat),
            "slope": rounded(slope),
            "intercept": rounded(intercept),
            "static": rounded(static),
        }
    )


def likely_pairs(texts: Sequence[HeldOut], n_heads: int, heat: float) -> tuple[Doubles, Bools]:
    """Probabilities before Platt's scaling of known pairs that are likely enough, and which are right."""
    shares, correct = [np.zeros(0)], [np.zeros(0, dtype=bool)]
    for text in texts:
        said = word_probabilities(text.pairs, words_columns(text.ranker, n_heads), temperature=heat)[1]
        kept = text.known & (said >= LEAST_PROBABILITY)
        shares.append(said[kept])
        correct.append(text.pairs.correct[kept])
    return np.concatenate(shares), np.concatenate(correct)
