"""What a lens marks from each percentile on: of the pairs that are labelled, and of those that are not.

So that the thresholds of verdicts can be chosen by data. Labels name few of the pairs that are related: a
list has some thousands of words, and a tree knows nothing of two sentences. The F1 of a lens against them
therefore rises almost to the highest threshold there is. What is proposed goes by a budget instead: the
threshold from which on a lens marks as many of all pairs as it may, so that neither lens drowns the other.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal_gateway.merge.listing import select
from bifocal_gateway.merge.verdicts import Judged
from bifocal_laboratory.comparison.labels import LABELS, Label, Labeller, RelatedWords
from bifocal_laboratory.comparison.reading import BothLenses, shard_of, words_of_pairs
from bifocal_laboratory.corpora import AnnotatedDocument
from bifocal_laboratory.progress import Say

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]

#: Percentiles that are looked at.
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 0.998)

#: Share of all comparable pairs that a lens may mark: what a threshold of 0.97 is named for.
BUDGET = 0.03

#: Labels that each lens is there for, and those of the contextual lens's percentile without its kinds.
STATIC, CONTEXTUAL, PERCENTILE = "static", "contextual", "contextual_percentile_alone"
_OWN = {
    STATIC: (Label.LEXICAL,),
    CONTEXTUAL: (Label.REFERENCE, Label.DEPENDENCY),
    PERCENTILE: (Label.REFERENCE, Label.DEPENDENCY),
}
_DIGITS = 4


class MarkedPairs:
    """Counts pairs by lens, label and threshold."""

    def __init__(self) -> None:
        # One place more than thresholds: for pairs below all of them.
        self._counts: defaultdict[tuple[str, Label], Ints] = defaultdict(
            lambda: np.zeros(len(THRESHOLDS) + 1, dtype=np.int64)
        )

    def add(self, judged: Judged, codes: Codes) -> None:
        """Take in comparable pairs with their labels ``(k,)``."""
        percentiles = {
            STATIC: judged.static_percentile,
            # A pair with a kind is marked whatever the threshold.
            CONTEXTUAL: np.where(judged.has_kind, 1.0, judged.contextual_percentile),
            PERCENTILE: judged.contextual_percentile,
        }
        for lens, values in percentiles.items():
            passed = np.searchsorted(THRESHOLDS, values, side="right")
            for code, label in enumerate(LABELS):
                counts = np.bincount(passed[codes == code], minlength=len(THRESHOLDS) + 1)
                self._counts[lens, label] += counts

    def n(self, labels: Sequence[Label] = LABELS) -> int:
        """Pairs of some labels."""
        return sum(int(self._counts[STATIC, label].sum()) for label in labels)

    def marked(self, lens: str, labels: Sequence[Label] = LABELS) -> Ints:
        """Pairs of some labels that a lens marks from each threshold on ``(n_thresholds,)``."""
        counts = sum((self._counts[lens, label] for label in labels), np.zeros(len(THRESHOLDS) + 1, np.int64))
        found: Ints = np.cumsum(counts[::-1])[::-1][1:]
        return found

    def figures(self, lens: str, budget: float) -> dict[str, Any]:
        """A row for each threshold, the threshold nearest to the budget, and that of the best F1."""
        marked, own = self.marked(lens), self.marked(lens, _OWN[lens])
        f1 = 2 * own / np.maximum(marked + self.n(_OWN[lens]), 1)
        share = marked / max(self.n(), 1)
        by_label = {label: self.marked(lens, [label]) for label in LABELS}
        rows = [
            {
                "threshold": threshold,
                "marked": round(float(share[place]), _DIGITS),
                **{label.value: _share(by_label[label][place], self.n([label])) for label in LABELS},
                "f1": round(float(f1[place]), _DIGITS),
            }
            for place, threshold in enumerate(THRESHOLDS)
        ]
        return {
            "own": [label.value for label in _OWN[lens]],
            "rows": rows,
            "proposed": THRESHOLDS[int(np.abs(share - budget).argmin())],
            "best_f1": THRESHOLDS[int(f1.argmax())],
        }


def evaluate_thresholds(
    lenses: BothLenses,
    documents: Sequence[AnnotatedDocument],
    related: RelatedWords,
    *,
    budget: float = BUDGET,
    say: Say,
) -> dict[str, Any]:
    """Shares of labelled and of other pairs that each lens marks, threshold by threshold.

    A document need not have both trees and mentions; its pairs have the labels that it can give them.

    Args:
        lenses: with the options of a job.
        documents: labelled text that is not measured on elsewhere.
        related: pairs of words of the lists.
        budget: share of all pairs that a lens may mark.
        say: told of each step.

    Returns:
        ``{"n", "documents", "budget", "pairs", "lenses": {lens: {"own", "rows", "proposed", "best_f1"}}}``;
        `own` are the labels that count for F1.

    Raises:
        ValueError: there are no documents.
    """
    if not documents:
        raise ValueError("there are no documents to choose thresholds on")
    counted = MarkedPairs()
    for number, document in enumerate(documents):
        if number % 10 == 0:
            say(f"document {number + 1} of {len(documents)}")
        labeller, read = Labeller(document, related), lenses.read(shard_of(document))
        for judged in read.judged():
            kept = select(judged, np.flatnonzero(judged.comparable))
            counted.add(kept, labeller.codes(*words_of_pairs(read, kept)))
    return {
        "n": counted.n(),
        "documents": len(documents),
        "budget": budget,
        "pairs": {label.value: counted.n([label]) for label in LABELS},
        "lenses": {lens: counted.figures(lens, budget) for lens in _OWN},
    }


def _share(marked: int, n: int) -> float | None:
    return round(float(marked) / n, _DIGITS) if n else None
