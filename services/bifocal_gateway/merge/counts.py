"""All candidate pairs of a document by verdict; those that no window held are counted unseen."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from bifocal.contracts import NotComparableCounts, Reason, Scope, Verdict, VerdictCounts
from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.pairs import count
from bifocal_gateway.merge.verdicts import CODES, Judged

Ints = npt.NDArray[np.int64]
Tally = Counter[Verdict | Reason]


def tally(judged: Judged) -> Tally:
    """Pairs of a block by verdict, or by the reason that they have none."""
    numbers = np.bincount(judged.code, minlength=len(CODES)).tolist()
    return Counter(dict(zip(CODES, numbers, strict=True)))


def verdict_counts(seen: Tally, static: StaticOutput, scope: Scope, sentence: Ints) -> VerdictCounts:
    """Counts over all pairs in the scope, of which `seen` were looked at.

    `static` has units in the place of words; `sentence` ``(n_units,)`` is the one that each is in.
    """
    if scope is Scope.WINDOW:
        same_word, unknown_word, outside_window = seen[Reason.SAME_WORD], seen[Reason.UNKNOWN_WORD], 0
    else:
        group = sentence if scope is Scope.SENTENCE else np.zeros_like(sentence)
        total, same_word, unknown_word = _not_comparable(static, group)
        comparable = sum(seen[code] for code in CODES if isinstance(code, Verdict))
        outside_window = total - same_word - unknown_word - comparable
    return VerdictCounts(
        both=seen[Verdict.BOTH],
        meaning_only=seen[Verdict.MEANING_ONLY],
        context_only=seen[Verdict.CONTEXT_ONLY],
        neither=seen[Verdict.NEITHER],
        not_comparable=NotComparableCounts(
            same_word=same_word, unknown_word=unknown_word, outside_window=outside_window
        ),
    )


def _not_comparable(static: StaticOutput, group: Ints) -> tuple[int, int, int]:
    """Pairs inside of groups: all, those of one form twice, and those others with an unknown word."""
    n_types = len(static.known)
    cells, occurrences = np.unique(group * n_types + static.type_of_word, return_counts=True)
    known = static.known[cells % n_types] if n_types else np.zeros(0, dtype=np.bool_)
    same = occurrences * (occurrences - 1) // 2
    of_group = cells // max(n_types, 1)
    sizes = np.bincount(of_group, weights=occurrences).astype(np.int64)
    n_known = np.bincount(of_group[known], weights=occurrences[known]).astype(np.int64)
    total = sum(count(size) for size in sizes.tolist())
    both_known = sum(count(size) for size in n_known.tolist())
    return total, int(same.sum()), total - both_known - int(same[~known].sum())
