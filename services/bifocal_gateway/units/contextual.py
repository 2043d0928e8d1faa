"""A contextual lens's output taken from words to units.

To several words goes the sum of weights, from them comes the mean, so that what a unit gives sums to one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses import ContextualOutput
from bifocal_gateway.units.units import Units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

#: Cells, word by word, looked at together.
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAttention:
    """Weights between units. Every pair asked for must have shared a window, with all of its words."""

    output: ContextualOutput
    units: Units

    def times_seen(self, i: Ints, j: Ints) -> Ints:
        """Windows that held both units whole; shapes ``(k,)``, i before j."""
        return self.output.times_seen(self.units.first[i], self.units.end[j] - 1)

    def compare(self, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats, npt.NDArray[np.float64]]:
        """Weight from `i` to `j`, from `j` to `i`, the stronger lift and its percentile; shapes ``(k,)``.

        The lift of several words is the sum of their weights over the sum of what is usual.
        """
        if self.units.are_words:
            return self.output.compare(self.units.first[i], self.units.first[j])
        cells = self._lengths(i) * self._lengths(j)
        parts, done = [], 0
        ends = np.cumsum(cells)
        while done < len(i):
            before = int(ends[done - 1]) if done else 0
            upto = max(done + 1, int(np.searchsorted(ends, before + _CELLS, side="right")))
            parts.append(self._compare(i[done:upto], j[done:upto]))
            done = upto
        if not parts:
            nothing = np.zeros(0, dtype=np.float32)
            return nothing, nothing, nothing, nothing.astype(np.float64)
        forward, backward, lift, percentile = (np.concatenate(column) for column in zip(*parts, strict=True))
        return forward, backward, lift, percentile

    def _compare(self, i: Ints, j: Ints) -> tuple[Floats, Floats, Floats, npt.NDArray[np.float64]]:
        units, n_i, n_j = self.units, self._lengths(i), self._lengths(j)
        cells = n_i * n_j
        starts = np.cumsum(cells) - cells
        pair = np.repeat(np.arange(len(i)), cells)
        step = np.arange(len(pair)) - starts[pair]
        left = units.first[i][pair] + step // n_j[pair]
        right = units.first[j][pair] + step % n_j[pair]

        def pooled(here: Ints, there: Ints, attending: Ints) -> tuple[Floats, Floats]:
            weight = np.add.reduceat(self.output.weights(here, there), starts) / attending
            usual = np.add.reduceat(self.output.usual(here, there), starts) / attending
            lift = np.divide(weight, usual, out=np.zeros_like(weight), where=usual > 0)
            return weight.astype(np.float32), lift.astype(np.float32)

        forward, lift_forward = pooled(left, right, n_i)
        backward, lift_backward = pooled(right, left, n_j)
        lift = np.maximum(lift_forward, lift_backward)
        # Between the nearest words: units that touch are neighbours, however long they are.
        distance = units.first[j] - (units.end[i] - 1)
        return forward, backward, lift, self.output.background.percentile(lift, distance)

    def _lengths(self, unit: Ints) -> Ints:
        return self.units.end[unit] - self.units.first[unit]
