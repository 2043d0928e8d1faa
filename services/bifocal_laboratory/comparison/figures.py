"""Figures of the systems on documents set aside, with intervals by document, and what one has over another.

Words of one document are not independent, so whole documents are drawn with replacement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal_laboratory.comparison.classifier import Codes, Doubles, f1_by_label
from bifocal_laboratory.comparison.labels import LABELS, NONE, RELATIONS, Label
from bifocal_laboratory.references.estimates import interval, resampled

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]

#: Resamples whose precisions are computed together.
_TOGETHER = 100
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The pairs of one document that was set aside.

    Shapes: `codes` ``(n,)``; `known` ``(n,)``, whether the pair is lexical and so were the same two words in
    a document that was fitted on; by system, `probabilities` ``(n, labels)`` and `decided` ``(n,)``.
    """

    codes: Codes
    known: Bools
    probabilities: dict[str, Floats]
    decided: dict[str, Codes]


def average_precision(scores: Sequence[Floats], right: Sequence[Bools], times: Doubles) -> Doubles:
    """Average precision of each resample ``(n_resamples,)``; not a number where nothing is right.

    The mean, over the right ones, of the precision among all that score as high or higher.

    Args:
        scores: of each document's pairs ``(n,)``.
        right: which of them are right ``(n,)``.
        times: how often each document counts ``(n_resamples, n_documents)``.
    """
    thresholds = np.concatenate([own[hits] for own, hits in zip(scores, right, strict=True)])
    document = np.repeat(np.arange(len(scores)), [np.count_nonzero(hits) for hits in right])
    above = _as_high(thresholds, scores)
    right_above = _as_high(thresholds, [own[hits] for own, hits in zip(scores, right, strict=True)])
    found = np.full(len(times), np.nan)
    for start in range(0, len(times), _TOGETHER):
        drawn = times[start : start + _TOGETHER].T
        counted = drawn[document]
        total = counted.sum(axis=0)
        precision = (right_above @ drawn) / np.maximum(above @ drawn, 1)
        hits = (counted * precision).sum(axis=0)
        np.divide(hits, total, out=found[start : start + _TOGETHER], where=total > 0)
    return found


def _as_high(thresholds: Floats, scores: Sequence[Floats]) -> Doubles:
    """How many of each document's scores are at least each threshold ``(n_thresholds, n_documents)``."""
    counts = [len(own) - np.searchsorted(np.sort(own), thresholds, side="left") for own in scores]
    return np.stack(counts, axis=1).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFigures:
    """One system's figures in every resample, the first of which is the documents themselves.

    Shapes: `f1` ``(n_resamples, labels)``; `ap` ``(n_resamples, relations)``, average precision; `ap_new` and
    `f1_new` ``(n_resamples,)``, of lexical pairs without those that are `Scored.known`.
    """

    f1: Doubles
    ap: Doubles
    ap_new: Doubles
    f1_new: Doubles

    @classmethod
    def of(cls, documents: Sequence[Scored], system: str, times: Doubles) -> "SystemFigures":
        """Of the documents set aside; `times` as in `average_precision`."""
        lexical = LABELS.index(Label.LEXICAL)
        every = [np.ones(len(document.codes), dtype=np.bool_) for document in documents]
        new = [~document.known for document in documents]
        precisions = [_precision(documents, system, label, every, times) for label in range(NONE)]
        return cls(
            f1=f1_by_label(_counts(documents, system, every, times)),
            ap=np.stack(precisions, axis=1),
            ap_new=_precision(documents, system, lexical, new, times),
            f1_new=f1_by_label(_counts(documents, system, new, times))[:, lexical],
        )

    def all(self) -> dict[str, Doubles]:
        """Every figure by name ``(n_resamples,)``."""
        return {
            "macro_f1": self.f1.mean(axis=1),
            "macro_f1_relations": self.f1[:, :NONE].mean(axis=1),
            "mean_ap": self.ap.mean(axis=1),
            **{f"f1 {label.value}": self.f1[:, number] for number, label in enumerate(LABELS)},
            **{f"ap {label.value}": self.ap[:, number] for number, label in enumerate(RELATIONS)},
            "f1 lexical, new": self.f1_new,
            "ap lexical, new": self.ap_new,
        }


def _precision(
    documents: Sequence[Scored], system: str, label: int, kept: Sequence[Bools], times: Doubles
) -> Doubles:
    scores = [d.probabilities[system][rows, label] for d, rows in zip(documents, kept, strict=True)]
    right = [d.codes[rows] == label for d, rows in zip(documents, kept, strict=True)]
    return average_precision(scores, right, times)


def _counts(documents: Sequence[Scored], system: str, kept: Sequence[Bools], times: Doubles) -> Doubles:
    n = len(LABELS)
    counts = []
    for document, rows in zip(documents, kept, strict=True):
        cells = document.codes[rows].astype(np.int64) * n + document.decided[system][rows]
        counts.append(np.bincount(cells, minlength=n * n))
    found: Doubles = (times @ np.stack(counts).astype(np.float64)).reshape(-1, n, n)
    return found


def compared(documents: Sequence[Scored], systems: Sequence[str], whole: str) -> dict[str, Any]:
    """Figures of all systems, and what `whole` has over each of the others.

    Returns:
        By system ``{figure: {"value", "interval"}}``, and as ``margins`` by each other system
        ``{figure: {"value", "interval", "p"}}``.
    """
    times = resampled(np.arange(len(documents)))
    figures = {system: SystemFigures.of(documents, system, times).all() for system in systems}
    return {
        **{system: {name: told(values) for name, values in own.items()} for system, own in figures.items()},
        "margins": {
            system: {name: margin(figures[whole][name], values) for name, values in own.items()}
            for system, own in figures.items()
            if system != whole
        },
    }


def told(values: Doubles) -> dict[str, Any]:
    """The figure itself and the interval of its resamples; None for both where it is no number."""
    if np.isnan(values[0]):
        return {"value": None, "interval": None}
    return {"value": round(float(values[0]), _DIGITS), "interval": interval(values[1:])}


def margin(values: Doubles, others: Doubles) -> dict[str, Any]:
    """What one figure has over another on the same resamples ``(n_resamples,)``, and how sure that is.

    `p` is two-sided: twice the share of resamples in which the difference has the other sign or is none.
    With 1,000 resamples it is 0.002 at least.
    """
    difference = values - others
    found = told(difference)
    if found["value"] is None:
        return {**found, "p": None}
    drawn = difference[1:][~np.isnan(difference[1:])]
    fewer = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    return {**found, "p": round(min(1.0, 2 * (1 + fewer) / (1 + len(drawn))), _DIGITS)}
