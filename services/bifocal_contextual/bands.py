"""A document's windows joined: for each word one run of weights to the words it shared a window with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses import ContextualOutput, DistanceBackground
from bifocal_contextual.reading import WindowWeights

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


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

    def cells(self, first_word: int, end_word: int) -> Ints:
        """Places of the pairs of one window, ``(words, words)``."""
        words = np.arange(first_word, end_word)
        return (self.offset[words] - self.first[words])[:, None] + words[None, :]

    def mean(self, parts: Sequence[WindowWeights]) -> Floats:
        """Mean weight over the windows that held a pair, for every cell; `parts` are one document's."""
        total = np.zeros(int(self.width.sum()), dtype=np.float32)
        seen = np.zeros(len(total), dtype=np.int32)
        # Sums in the order of the text, so that the order of the batches leaves no trace.
        for part in sorted(parts, key=lambda p: p.window.first_word):
            cells = self.cells(part.window.first_word, part.window.end_word)
            total[cells] += part.weight
            seen[cells] += 1
        return np.divide(total, np.maximum(seen, 1), dtype=np.float32)

    def usual(self, background: DistanceBackground) -> Floats:
        """Weight usual at the distance, for every cell: each row of a window shares out one."""
        total = np.zeros(int(self.width.sum()), dtype=np.float32)
        seen = np.zeros(len(total), dtype=np.int32)
        longest = int((self.windows[:, 1] - self.windows[:, 0]).max())
        profile = background.usual(np.arange(-longest, longest + 1))
        for first_word, end_word in self.windows.tolist():
            words = np.arange(end_word - first_word)
            usual = profile[words[None, :] - words[:, None] + longest]
            cells = self.cells(first_word, end_word)
            total[cells] += usual / usual.sum(axis=1, keepdims=True)
            seen[cells] += 1
        return np.divide(total, np.maximum(seen, 1), dtype=np.float32)

    def pairs(self) -> tuple[Ints, Ints]:
        """Word and word for every cell, in order of storage."""
        i = np.repeat(np.arange(len(self.width)), self.width)
        j = np.arange(len(i)) - self.offset[i] + self.first[i]
        return i, j

    def output(self, weight: Floats, background: DistanceBackground) -> ContextualOutput:
        """What the merge reads."""
        return ContextualOutput(
            first=self.first.astype(np.int32),
            width=self.width.astype(np.int32),
            weight=weight,
            lift=lift(weight, self.usual(background)),
            windows=self.windows.astype(np.int32),
            background=background,
        )


def lift(weight: Floats, usual: Floats) -> Floats:
    """Weight over the usual weight; zero where none is usual."""
    return np.divide(weight, usual, out=np.zeros_like(weight), where=usual > 0)
