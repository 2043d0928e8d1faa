"""Fits the probe of lexical relations that the merge loads, and decides which kinds it may tell."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bifocal_gateway.merge.lexical import LexicalProbe
from bifocal_gateway.merge.lexical_record import (
    LexicalCalibration,
    LexicalFigures,
    LexicalLeftOut,
    LexicalReliability,
    LexicalSet,
    LexicalSource,
)
from bifocal_laboratory.corpora import LexicalPair
from bifocal_laboratory.lexical.calibration import Calibration, reliability
from bifocal_laboratory.lexical.figures import (
    Doubles,
    average_precision_interval,
    kind_figures,
    softmax,
)
from bifocal_laboratory.lexical.material import Listed, Material
from bifocal_laboratory.lexical.network import FitOptions, Floats, Ints, arrays_of
from bifocal_laboratory.lexical.outcomes import Outcomes
from bifocal_laboratory.lexical.pairs import FOLDS, Bools, pair_folds, unseen_words, word_folds
from bifocal_laboratory.lexical.running_text import marked_pairs
from bifocal_laboratory.progress import Say
from bifocal_static.vectors import Vectors

#: How far above chance the average precision of a kind must surely be, on unseen words, to be told.
MARGIN = 0.1
#: Pairs of unseen words below which nothing is said of a kind.
FEWEST_PAIRS = 20

#: Small, for the merge has to compute it for every marked pair of a long document.
OPTIONS = FitOptions(hidden=64, dropout=0.1, pairs=1_200_000, most_passes=30)

#: What the outcome without a kind is called.
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningText:
    """Documents that the probabilities are meant for, as words, and where they are from."""

    name: str
    licence: str
    documents: Sequence[Sequence[str]]


def fit_lexical(
    vectors: Vectors,
    pairs: Sequence[LexicalPair],
    text: RunningText,
    *,
    name: str,
    sets: Sequence[LexicalSet],
    licence: str,
    static_threshold: float,
    options: FitOptions = OPTIONS,
    say: Say,
) -> LexicalProbe:
    """Fit on lists, calibrate on text, and tell what stands on words that were never seen.

    Each fifth of the words is set aside in turn, and each fifth of the pairs. A kind is told if the lower
    end of the interval of its average precision on unseen words is `MARGIN` above chance. Probabilities
    are calibrated on text pairs that were set aside as pairs, since the lists know their words; how they
    do on unseen words is measured beside it. The weights are then fitted on all pairs.

    Args:
        vectors: in the space that the static lens compares them in.
        pairs: of all lists; of a pair that several name the first counts.
        text: of the sort that will be read.
        name: what the probe is called.
        sets: the lists, for the record.
        licence: of the weights.
        static_threshold: percentile from which on the static lens marks a pair.
        options: how to fit.
        say: told of each step.

    Raises:
        ValueError: there is too little to fit or calibrate on.
    """
    say("finding the pairs of the text that the static lens marks")
    listed = Listed(vectors, pairs)
    marked = marked_pairs(vectors, text.documents, listed.words, static_threshold)
    material = Material.gather(vectors, listed, marked)
    outcomes = material.outcomes
    unseen = _set_aside(material, _by_words(material), options, lambda part: say(f"words aside: {part}"))
    seen = _set_aside(material, _by_pairs(material), options, lambda part: say(f"pairs aside: {part}"))
    told, left_out = _judged(outcomes, unseen, seen)
    calibration = Calibration.fit(seen.text_scores, seen.text_outcome, outcomes)
    trusted = frozenset(one.name for one in told)
    say("fitting on all pairs")
    network = material.pairs.fit(np.ones(len(material.pairs), dtype=np.bool_), outcomes, options)
    return LexicalProbe(
        source=LexicalSource(
            name=name,
            static_model=vectors.name,
            static_hash=vectors.content_hash,
            licence=licence,
            sets=tuple(sets),
        ),
        directed=outcomes.directed,
        undirected=outcomes.undirected,
        told=told,
        left_out=left_out,
        calibration=LexicalCalibration(
            text=text.name,
            licence=text.licence,
            documents=len(text.documents),
            pairs=len(material.text),
            static_threshold=static_threshold,
            base_rates=_base_rates(material.text.outcome, outcomes),
            weights={
                name: round(float(weight), 4)
                for name, weight in zip((*outcomes.names, NONE), calibration.weight, strict=True)
            },
            seen_words=_reliability(seen, seen, trusted, outcomes),
            unseen_words=_reliability(seen, unseen, trusted, outcomes),
        ),
        **arrays_of(network, weight=calibration.weight, bias=calibration.bias),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Probabilities of listed pairs, and scores of text pairs, by networks that did not see them."""

    probability: Doubles
    outcome: Ints
    text_scores: Floats
    text_outcome: Ints
    document: Ints


#: Listed pairs to fit on and to measure on, and text pairs to measure on.
_Division = Iterator[tuple[Bools, Bools, Bools]]


def _by_words(material: Material) -> _Division:
    """Each fifth of the words in turn: what is measured has no word that was fitted on."""
    text_fold = word_folds(material.text.words)
    i, j = text_fold[material.text.i], text_fold[material.text.j]
    for fold, (fitted, measured) in enumerate(unseen_words(material.pairs)):
        yield fitted, measured, (i == fold) & (j == fold)


def _by_pairs(material: Material) -> _Division:
    """Each fifth of the pairs in turn, whose words may be in other pairs."""
    fold_of_pair, fold_of_text = pair_folds(material.pairs), pair_folds(material.text)
    for fold in range(FOLDS):
        yield fold_of_pair != fold, fold_of_pair == fold, fold_of_text == fold


def _set_aside(material: Material, division: _Division, options: FitOptions, say: Say) -> _Held:
    pairs, text = material.pairs, material.text
    probability, rows, text_scores, text_rows = [], [], [], []
    for part, (fitted, measured, of_text) in enumerate(division):
        say(f"part {part + 1} of {FOLDS}")
        network = pairs.fit(fitted, material.outcomes, options)
        probability.append(softmax(pairs.scores(network, measured)))
        rows.append(np.flatnonzero(measured))
        text_scores.append(text.scores(network, of_text))
        text_rows.append(np.flatnonzero(of_text))
    row, text_row = np.concatenate(rows), np.concatenate(text_rows)
    return _Held(
        probability=np.concatenate(probability),
        outcome=pairs.outcome[row],
        text_scores=np.concatenate(text_scores),
        text_outcome=text.outcome[text_row],
        document=material.document[text_row],
    )


def _reliability(
    fitted: _Held, measured: _Held, told: frozenset[str], outcomes: Outcomes
) -> LexicalReliability:
    """Of pairs calibrated on other documents."""
    probability = np.zeros(measured.text_scores.shape)
    for own in (0, 1):
        others, here = fitted.document % 2 != own, measured.document % 2 == own
        if here.any():
            calibration = Calibration.fit(fitted.text_scores[others], fitted.text_outcome[others], outcomes)
            probability[here] = calibration.probabilities(measured.text_scores[here])
    return reliability(probability, measured.text_outcome, outcomes, told)


def _judged(
    outcomes: Outcomes, unseen: _Held, seen: _Held
) -> tuple[tuple[LexicalFigures, ...], tuple[LexicalLeftOut, ...]]:
    """Which kinds may be told, by their figures on unseen words, and why the others may not."""
    told, left_out = [], []
    for name in outcomes.names:
        n = int(np.isin(unseen.outcome, outcomes.columns(name)).sum())
        if n < FEWEST_PAIRS:
            reason = f"{n} pairs of unseen words, {FEWEST_PAIRS} are needed"
            left_out.append(LexicalLeftOut(name=name, reason=reason))
            continue
        one = kind_figures(unseen.probability, unseen.outcome, outcomes, name)
        two = kind_figures(seen.probability, seen.outcome, outcomes, name)
        low, high = average_precision_interval(unseen.probability, unseen.outcome, outcomes, name)
        if low < one["chance"] + MARGIN:
            reason = (
                f"average precision {one['ap']:.3f} [{low:.3f}, {high:.3f}] on {n} pairs of unseen words "
                f"is not surely {MARGIN} above chance {one['chance']:.3f}"
            )
            left_out.append(LexicalLeftOut(name=name, reason=reason))
            continue
        told.append(
            LexicalFigures(
                name=name,
                n=n,
                chance=round(one["chance"], 4),
                random_ap=round(two["ap"], 4),
                random_f1=round(two["f1"], 4),
                unseen_ap=round(one["ap"], 4),
                unseen_ap_interval=(round(low, 4), round(high, 4)),
                unseen_f1=round(one["f1"], 4),
            )
        )
    return tuple(told), tuple(left_out)


def _base_rates(outcome: Ints, outcomes: Outcomes) -> dict[str, float]:
    """Share of the text pairs that the lists name, by kind."""
    return {name: round(float(np.isin(outcome, outcomes.columns(name)).mean()), 6) for name in outcomes.names}


def figures_of(probe: LexicalProbe) -> dict[str, object]:
    """All figures of a probe, as JSON has them."""
    return {
        "name": probe.source.name,
        "licence": probe.source.licence,
        "sets": [asdict(one) for one in probe.source.sets],
        "told": [asdict(one) for one in probe.told],
        "left_out": [asdict(one) for one in probe.left_out],
        "calibration": asdict(probe.calibration),
    }
