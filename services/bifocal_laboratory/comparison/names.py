"""Whether the verdicts of reports find what a pronoun refers to, on GAP: pairs that the context marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Method
from bifocal.text import Segmenter, shard_document
from bifocal_gateway.merge.verdicts import MARKED_BY_CONTEXT
from bifocal_laboratory.comparison.figures import margin, told
from bifocal_laboratory.comparison.reading import BothLenses, words_of_pairs
from bifocal_laboratory.corpora import GapItem
from bifocal_laboratory.progress import Say
from bifocal_laboratory.references.estimates import resampled

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]

#: The verdicts as they are given; what of them is due to kinds; and two ways to mark as many pairs without
#: kinds, by the percentiles of the same method and by those of the plain mean of attention.
SHIPPED, KINDS, PERCENTILE, MEAN = "as_shipped", "kinds_alone", "percentile_alone", "mean_attention"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedNames:
    """One item, its comparable pairs, and how they are marked or could be.

    Shapes: `marked` ``(n,)``, by the verdict; `has_kind`, `percentile` and `mean` ``(n,)``; `name` ``(n,)``,
    0 and 1 for the pairs of the pronoun with a word of A and of B, -1 for others.
    """

    item: GapItem
    marked: Bools
    has_kind: Bools
    percentile: Floats
    mean: Floats
    name: npt.NDArray[np.int8]

    @classmethod
    def of(cls, lenses: BothLenses, item: GapItem, segmenter: Segmenter) -> "MarkedNames":
        """Read an item as a document of a job."""
        document = shard_document(item.text, segmenter, index=0, name=item.id)
        starts, ends = np.array(document.word_starts), np.array(document.word_ends)

        def touched(offset: int, text: str) -> Bools:
            found: Bools = (starts < offset + len(text)) & (ends > offset)
            return found

        pronoun = touched(item.pronoun_offset, item.pronoun)
        names = touched(item.a_offset, item.a), touched(item.b_offset, item.b)
        plain = lenses.options.model_copy(update={"method": Method.MEAN})
        marks, percentiles, name = [], [], []
        read, read_plainly = lenses.read(document), lenses.read(document, plain)
        for judged, other in zip(read.judged(), read_plainly.judged(), strict=True):
            kept = judged.comparable
            i, j = (words[kept] for words in words_of_pairs(read, judged))
            own = np.full(len(i), -1, dtype=np.int8)
            for number, words in enumerate(names):
                own[(pronoun[i] & words[j]) | (words[i] & pronoun[j])] = number
            marks.append(np.stack([np.isin(judged.code[kept], MARKED_BY_CONTEXT), judged.has_kind[kept]]))
            percentiles.append(
                np.stack([judged.contextual_percentile[kept], other.contextual_percentile[kept]])
            )
            name.append(own)
        marked, has_kind = np.concatenate([np.zeros((2, 0), dtype=np.bool_), *marks], axis=1)
        percentile, mean = np.concatenate([np.zeros((2, 0)), *percentiles], axis=1)
        return cls(
            item=item,
            marked=marked,
            has_kind=has_kind,
            percentile=percentile,
            mean=mean,
            name=np.concatenate([np.zeros(0, dtype=np.int8), *name]),
        )


def evaluate_names(lenses: BothLenses, items: Sequence[GapItem], *, say: Say) -> dict[str, Any]:
    """How many right and wrong names are marked, by the verdicts and by others that mark as many pairs.

    A name is marked if the pronoun and any of its words have the verdict `context_only` or `both`. By
    `kinds_alone` are those that a kind marks; the other ways mark every pair from a percentile on, chosen
    so that of all pairs of all items as many are marked as by the verdicts.

    Args:
        lenses: with the options of a job.
        items: what to measure on.
        say: told of each step.

    Returns:
        ``n`` items; names ``right`` and ``wrong``, which the pronoun does and does not refer to, and
        ``not_comparable``, right ones none of whose words has a vector; by way ``marked``, the share of all
        pairs that are, and ``right`` and ``wrong``, of these names, with intervals by item; ``margins`` of
        the verdicts over the ways that mark as many.

    Raises:
        ValueError: there are no items.
    """
    if not items:
        raise ValueError("there are no items to measure on")
    segmenter = Segmenter(lenses.options.language)
    found = []
    for number, item in enumerate(items):
        if number % 50 == 0:
            say(f"item {number + 1} of {len(items)}")
        found.append(MarkedNames.of(lenses, item, segmenter))
    share = _mean([one.marked for one in found])
    least = {
        PERCENTILE: threshold_for([one.percentile for one in found], share),
        MEAN: threshold_for([one.mean for one in found], share),
    }
    marks = {
        SHIPPED: [one.marked for one in found],
        KINDS: [one.has_kind for one in found],
        PERCENTILE: [one.percentile >= least[PERCENTILE] for one in found],
        MEAN: [one.mean >= least[MEAN] for one in found],
    }
    truth = np.array([(item.a_coref, item.b_coref) for item in items])
    comparable = np.array([[(one.name == name).any() for name in (0, 1)] for one in found])
    times = resampled(np.arange(len(items)))
    figures = {way: _shares(found, own, truth, times) for way, own in marks.items()}
    return {
        "n": len(items),
        "right": int(truth.sum()),
        "wrong": int((~truth).sum()),
        "not_comparable": int((truth & ~comparable).sum()),
        **{
            way: {"marked": round(_mean(marks[way]), 4), **{name: told(v) for name, v in own.items()}}
            for way, own in figures.items()
        },
        "margins": {
            way: {name: margin(figures[SHIPPED][name], values) for name, values in own.items()}
            for way, own in figures.items()
            if way not in {SHIPPED, KINDS}
        },
    }


def threshold_for(values: Sequence[Floats], share: float) -> float:
    """The value from which on at most a share of all values lie, as near to it as their ties allow."""
    ordered = np.sort(np.concatenate(values))
    n = len(ordered)
    candidates, first = np.unique(ordered, return_index=True)
    within = (n - first) <= share * n + 1e-9
    return float(candidates[within][0]) if within.any() else float("inf")


def _mean(marks: Sequence[Bools]) -> float:
    return float(np.concatenate(marks).mean())


def _shares(
    found: Sequence[MarkedNames], marks: Sequence[Bools], truth: Bools, times: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Share of the right and of the wrong names that are marked, in every resample of the items."""
    named = np.array(
        [[own[one.name == name].any() for name in (0, 1)] for one, own in zip(found, marks, strict=True)]
    )
    return {
        sort: (times @ (named & which).sum(axis=1)) / np.maximum(times @ which.sum(axis=1), 1)
        for sort, which in (("right", truth), ("wrong", ~truth))
    }
