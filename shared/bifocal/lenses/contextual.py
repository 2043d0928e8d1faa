"""The contextual lens's output: for each word, its weights to the words that shared a window with it."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.lenses.kinds import AuditedPairs, JointChannels, PairKinds
from bifocal.lenses.quantiles import Floats, percentiles

Ints = npt.NDArray[np.int64]

#: First distance, in words, of each class in which weights and lifts are kept; class 0 is the word itself.
DISTANCE_CLASSES = np.array([0, 1, 2, 3, 4, 5, 6, 8, 11, 16, 26, 51, 101, 201])


def distance_class(distance: Ints) -> Ints:
    """Class of each distance in words, sign ignored."""
    return np.searchsorted(DISTANCE_CLASSES, np.abs(distance), side="right").astype(np.int64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceBackground:
    """What is usual by distance in running text that is read in windows as long as the document's.

    Shapes: `usual_before` and `usual_after` ``(n_classes,)``, the mean weight that a word gives a word
    so far before or after it, up to a common factor; `lift_quantiles` ``(n_classes, len(PROBABILITIES))``,
    the distribution of a pair's lift.
    """

    usual_before: Floats
    usual_after: Floats
    lift_quantiles: Floats

    def usual(self, offsets: Ints) -> Floats:
        """Usual weight at signed distances ``(k,)``, up to a common factor."""
        classes = distance_class(offsets)
        return np.where(offsets < 0, self.usual_before[classes], self.usual_after[classes])

    def percentile(self, lift: Floats, distance: Ints) -> npt.NDArray[np.float64]:
        """Share of pairs at a like distance with a lower lift; shapes ``(k,)``."""
        return percentiles(lift, self.lift_quantiles, distance_class(distance))


def usual_weights(
    background: DistanceBackground, windows: npt.NDArray[np.integer[Any]], i: Ints, j: Ints
) -> Floats:
    """Weight that is usual from words `i` to words `j`, in any order, or to themselves; shapes ``(k,)``.

    In a window, each word shares out one among all words by what is usual at their distance; the mean is
    taken over the windows ``(n_windows, 2)`` that held both words. Every pair must have shared one.
    """
    starts, ends = windows[:, 0].astype(np.int64), windows[:, 1].astype(np.int64)
    longest = int((ends - starts).max())
    profile = background.usual(np.arange(-longest, longest + 1)).astype(np.float64)
    # Windows start and end in increasing order, so those that held a word are one run. There is a share
    # for each window of each word: what the word gives there for a unit of the profile.
    words = np.arange(int(ends[-1]))
    first = np.searchsorted(ends, words, side="right")
    past = np.searchsorted(starts, words, side="right")
    offset = np.cumsum(past - first) - past
    word = np.repeat(words, past - first)
    window = np.arange(len(word)) - np.repeat(offset, past - first)
    below = _sums(profile)
    row = below[longest + ends[window] - word] - below[longest + starts[window] - word]
    shares = _sums(np.divide(1, row, out=np.zeros_like(row), where=row > 0))
    # Those that held two words are the overlap of two runs.
    earliest, latest = np.maximum(first[i], first[j]), np.minimum(past[i], past[j])
    mean = (shares[offset[i] + latest] - shares[offset[i] + earliest]) / (latest - earliest)
    usual: Floats = (profile[longest + j - i] * mean).astype(np.float32)
    return usual


def usual_in_window(background: DistanceBackground, n_words: int) -> Floats:
    """The same for every two words of a text that is one window, ``(n_words, n_words)``, rows attend."""
    profile = background.usual(np.arange(-n_words, n_words + 1)).astype(np.float64)
    # Row i is the profile from -i on: the rows of a Toeplitz matrix are one run, shifted.
    rows = np.lib.stride_tricks.sliding_window_view(profile, n_words)[n_words:0:-1]
    below = _sums(profile)
    word = np.arange(n_words)
    row = below[2 * n_words - word] - below[n_words - word]
    shares = np.divide(1, row, out=np.zeros_like(row), where=row > 0)
    usual: Floats = (rows * shares[:, None]).astype(np.float32)
    return usual


def _sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum of all values before each place, and of all at the end; ``(k + 1,)``."""
    return np.concatenate([[0.0], np.cumsum(values)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextualOutput:
    """One document through the contextual lens.

    The words that shared a window with word ``w`` are one run, ``first[w] … first[w] + width[w] - 1``;
    its weights to them lie in ``weight[offset[w] : offset[w] + width[w]]``.

    Shapes: `first` and `width` ``(n_words,)``; `weight` and `lift` ``(sum(width),)``; `windows`
    ``(n_windows, 2)``, first word and one past the last; `level` ``(1,)``, how much weight the document's
    words give one another, over what would be usual if punctuation took as much as a word does. `kinds`
    and `joint` are there where the model has a catalogue, `audited` where it was asked for.
    """

    first: npt.NDArray[np.int32]
    width: npt.NDArray[np.int32]
    weight: Floats
    lift: Floats
    windows: npt.NDArray[np.int32]
    background: DistanceBackground
    level: Floats = field(default_factory=lambda: np.ones(1, dtype=np.float32))
    kinds: PairKinds | None = None
    joint: JointChannels | None = None
    audited: AuditedPairs | None = None

    def with_audit(self, audited: AuditedPairs) -> "ContextualOutput":
        """The same with audited pairs."""
        return replace(self, audited=audited)

    def times_seen(self, i: Ints, j: Ints) -> Ints:
        """Windows that held both words; shapes ``(k,)``."""
        # Windows start and end in increasing order, so those holding a word are one run, and
        # those holding two are the overlap of two runs.
        starts, ends = self.windows[:, 0], self.windows[:, 1]
        later = np.searchsorted(starts, np.minimum(i, j), side="right")
        earlier = np.searchsorted(ends, np.maximum(i, j), side="right")
        seen: Ints = np.maximum(later - earlier, 0).astype(np.int64)
        return seen

    def weights(self, i: Ints, j: Ints) -> Floats:
        """Weight from `i` to `j`, in any order; shapes ``(k,)``. Every pair must have shared a window."""
        return self.weight[self._cells(i, j)]

    def usual(self, i: Ints, j: Ints) -> Floats:
        """Weight usual from `i` to `j`, in any order; shapes ``(k,)``. A lift is a weight over it.

        Every pair must have shared a window.
        """
        return usual_weights(self.background, self.windows, i, j) * self.level

    def compare(self, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats, npt.NDArray[np.float64]]:
        """Weight from `i` to `j`, from `j` to `i`, the stronger lift and its percentile; shapes ``(k,)``.

        Every pair must have shared a window.
        """
        there, back = self._cells(i, j), self._cells(j, i)
        lift = np.maximum(self.lift[there], self.lift[back])
        percentile = self.background.percentile(lift, j - i)
        return self.weight[there], self.weight[back], lift, percentile

    def _cells(self, i: Ints, j: Ints) -> Ints:
        """Where the figures from `i` to `j` lie."""
        offset = np.cumsum(self.width, dtype=np.int64) - self.width
        cells: Ints = offset[i] + (j - self.first[i])
        return cells
