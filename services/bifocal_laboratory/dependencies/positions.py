"""Where heads usually stand: the baseline that knows no words, the one every probe has to beat."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.arcs import candidates
from bifocal_laboratory.dependencies.batches import PUNCTUATION
from bifocal_laboratory.dependencies.features import SentenceBlock
from bifocal_laboratory.dependencies.kinds import kind_of

#: Stands for being a root among offsets, where no word is.
ROOT_OFFSET = 0


@dataclass(frozen=True, slots=True)
class Positions:
    """Offsets from dependent to head by falling frequency: of all words, and of each kind's dependents."""

    overall: tuple[int, ...]
    by_kind: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, blocks: Iterable[SentenceBlock]) -> "Positions":
        """Counted over some sentences; roots count under `ROOT_OFFSET`, punctuation only as a kind."""
        overall: Counter[int] = Counter()
        by_kind: dict[str, Counter[int]] = {}
        for block in blocks:
            n = len(block)
            for word, (head, relation) in enumerate(zip(block.heads.tolist(), block.relations, strict=True)):
                offset = ROOT_OFFSET if head == n else head - word
                if relation != PUNCTUATION:
                    overall[offset] += 1
                if head < n:
                    by_kind.setdefault(kind_of(relation), Counter())[offset] += 1
        return cls(_ordered(overall), {kind: _ordered(counts) for kind, counts in by_kind.items()})

    def heads(self, n: int) -> npt.NDArray[np.int64]:
        """The likeliest head of each of n words that is there at all ``(n,)``; n for the root."""
        return np.array([_first(self.overall, word, n) for word in range(n)], dtype=np.int64)

    def head(self, kind: str, word: int, n: int) -> int:
        """The likeliest head of a word of n that is a dependent of a kind; n if none was ever so far away."""
        return _first(self.by_kind.get(kind, ()), word, n)


def chances(n: int) -> npt.NDArray[np.float64]:
    """One by the number of words that each of n words may have for a head ``(n,)``, the root left out."""
    place = np.arange(n)
    return np.asarray(1 / np.maximum(candidates(place - place[:, None]).sum(axis=1), 1), dtype=np.float64)


def _ordered(counts: Counter[int]) -> tuple[int, ...]:
    return tuple(sorted(counts, key=lambda offset: (-counts[offset], abs(offset), offset)))


def _first(offsets: Sequence[int], word: int, n: int) -> int:
    for offset in offsets:
        if offset == ROOT_OFFSET:
            return n
        if 0 <= word + offset < n:
            return word + offset
    return n
