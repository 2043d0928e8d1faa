"""A document's windows joined: for each word one run of weights to the words it shared a window with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from bifocal.lenses import ContextualOutput, DistanceBackground
from bifocal_contextual.kinds import FoundKinds
from bifocal_contextual.methods import WindowWeights

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
        longest = int((self.windows[:, 1] - self.windows[:, 0]).max())
        profile = background.usual(np.arange(-longest, longest + 1))
        if len(self.windows) == 1:
            return _shared_out(profile, longest).ravel()
        total = np.zeros(int(self.width.sum()), dtype=np.float32)
        seen = np.zeros(len(total), dtype=np.int32)
        for first_word, end_word in self.windows.tolist():
            usual = _shared_out(profile, end_word - first_word)
            cells = self.cells(first_word, end_word)
            total[cells] += usual
            seen[cells] += 1
        return np.divide(total, np.maximum(seen, 1), dtype=np.float32)

    def pairs(self) -> tuple[Ints, Ints]:
        """Word and word for every cell, in order of storage."""
        i = np.repeat(np.arange(len(self.width)), self.width)
        j = np.arange(len(i)) - self.offset[i] + self.first[i]
        return i, j

    def output(
        self, weight: Floats, background: DistanceBackground, kinds: FoundKinds | None = None
    ) -> ContextualOutput:
        """What the merge reads."""
        return ContextualOutput(
            first=self.first.astype(np.int32),
            width=self.width.astype(np.int32),
            weight=weight,
            lift=lift(weight, self.usual(background)),
            windows=self.windows.astype(np.int32),
            background=background,
            kinds=kinds.kinds if kinds else None,
            joint=kinds.joint if kinds else None,
        )


def _shared_out(profile: Floats, n_words: int) -> Floats:
    """Usual weights ``(n_words, n_words)``, rows summing to one, by offset from the profile's middle."""
    middle = len(profile) // 2
    # Row i begins i places further left, so all rows are windows on one line.
    lines = sliding_window_view(profile[middle - n_words + 1 : middle + n_words], n_words)[::-1]
    sums = np.cumsum(profile, dtype=np.float64)
    starts = middle - np.arange(n_words)
    rows = sums[starts + n_words - 1] - np.where(starts > 0, sums[starts - 1], 0)
    shared: Floats = lines / rows.astype(np.float32)[:, None]
    return shared


def lift(weight: Floats, usual: Floats) -> Floats:
    """Weight over the usual weight; zero where none is usual."""
    return np.divide(weight, usual, out=np.zeros_like(weight), where=usual > 0)
