"""A document's windows joined: for each word one run of weights to the words it shared a window with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses import ContextualOutput, DistanceBackground
from bifocal.lenses.contextual import usual_in_window, usual_weights
from bifocal_contextual.kinds import FoundKinds
from bifocal_contextual.methods import WindowWeights

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Cells whose usual weight is found together.
_CELLS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Which words each word met: those from ``first`` on, ``width`` of them, stored from ``offset`` on.

    Shapes: `first`, `width` and `offset` ``(n_words,)``; `windows` ``(n_windows, 2)``.
    """

    first: Ints
    width: Ints
    offset: Ints
    windows: Ints

    @classmethod
    def over(cls, windows: Ints) -> "Bands":
        """Bands of a document read through windows of words ``(n_windows, 2)``."""
        n_words = int(windows[-1, 1])
        words = np.arange(n_words)
        earliest = np.searchsorted(windows[:, 1], words, side="right")
        latest = np.searchsorted(windows[:, 0], words, side="right") - 1
        first, end = windows[earliest, 0], windows[latest, 1]
        width = end - first
        return cls(first=first, width=width, offset=np.cumsum(width) - width, windows=windows)

    @property
    def longest(self) -> int:
        """Words of the longest window."""
        return int((self.windows[:, 1] - self.windows[:, 0]).max())

    def cells(self, first_word: int, end_word: int) -> Ints:
        """Places of the pairs of one window, ``(words, words)``."""
        words = np.arange(first_word, end_word)
        return (self.offset[words] - self.first[words])[:, None] + words[None, :]

    def mean(self, parts: Sequence[WindowWeights]) -> Floats:
        """Mean weight over the windows that held a pair, for every cell.

        `parts` are one document's, in the order of the text.
        """
        if len(parts) == 1:
            return parts[0].weight.ravel()
        total = np.zeros(int(self.width.sum()), dtype=np.float32)
        seen = np.zeros(len(total), dtype=np.int32)
        for part in parts:
            cells = self.cells(part.window.first_word, part.window.end_word)
            total[cells] += part.weight
            seen[cells] += 1
        return np.divide(total, np.maximum(seen, 1), dtype=np.float32)

    def usual(self, background: DistanceBackground) -> Floats:
        """Weight usual at the distance, for every cell: each row of a window shares out one."""
        if len(self.windows) == 1:
            return usual_in_window(background, self.longest).ravel()
        usual = np.empty(int(self.width.sum()), dtype=np.float32)
        for cells, i, j in self.blocks():
            usual[cells] = usual_weights(background, self.windows, i, j)
        return usual

    def level(self, weight: Floats, usual: Floats, candidate: Bools) -> Floats:
        """Weight that words which can be ends of a pair give one another, over what is usual; ``(1,)``.

        `candidate` ``(n_words,)`` says which words these are; one where there is nothing to go by.
        """
        given = expected = 0.0
        if len(self.windows) == 1:
            given, expected = (
                float(one.reshape(self.longest, -1)[np.ix_(candidate, candidate)].sum(dtype=np.float64))
                for one in (weight, usual)
            )
            return _level(given, expected)
        for cells, i, j in self.blocks():
            both = candidate[i] & candidate[j]
            given += float(weight[cells][both].sum(dtype=np.float64))
            expected += float(usual[cells][both].sum(dtype=np.float64))
        return _level(given, expected)

    def pairs(self) -> tuple[Ints, Ints]:
        """Word and word for every cell, in order of storage."""
        return self._pairs(0, len(self.width))

    def blocks(self) -> Iterator[tuple[slice, Ints, Ints]]:
        """The same some rows at a time, each time with the cells that they are."""
        rows = max(1, _CELLS // int(self.width.max()))
        for row in range(0, len(self.width), rows):
            i, j = self._pairs(row, row + rows)
            start = int(self.offset[row])
            yield slice(start, start + len(i)), i, j

    def _pairs(self, first_word: int, end_word: int) -> tuple[Ints, Ints]:
        width = self.width[first_word:end_word]
        i = np.repeat(np.arange(first_word, first_word + len(width)), width)
        j = np.arange(len(i)) + self.offset[first_word] - self.offset[i] + self.first[i]
        return i, j

    def output(
        self,
        weight: Floats,
        candidate: Bools,
        background: DistanceBackground,
        kinds: FoundKinds | None = None,
    ) -> ContextualOutput:
        """What the merge reads; `candidate` ``(n_words,)`` says which words can be ends of a pair."""
        usual = self.usual(background)
        level = self.level(weight, usual, candidate)
        return ContextualOutput(
            first=self.first.astype(np.int32),
            width=self.width.astype(np.int32),
            weight=weight,
            lift=lift(weight, usual * level),
            level=level,
            windows=self.windows.astype(np.int32),
            background=background,
            kinds=kinds.kinds if kinds else None,
            joint=kinds.joint if kinds else None,
        )


def _level(given: float, expected: float) -> Floats:
    return np.array([given / expected if given > 0 and expected > 0 else 1.0], dtype=np.float32)


def lift(weight: Floats, usual: Floats) -> Floats:
    """Weight over the usual weight; zero where none is usual."""
    return np.divide(weight, usual, out=np.zeros_like(weight), where=usual > 0)
