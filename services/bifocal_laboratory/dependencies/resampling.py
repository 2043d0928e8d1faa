"""Intervals by drawing whole documents: words of one document are not independent."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Resamples of the documents behind an interval, and the share of them that it holds.
RESAMPLES, CONFIDENCE = 1000, 0.95

_SEED = 20190604


@dataclass(frozen=True, slots=True)
class Resampled:
    """Documents drawn with replacement.

    Shapes: `document` ``(n,)``, number of each word's document; `drawn` ``(RESAMPLES, n_documents)``,
    how often each one was drawn.
    """

    document: npt.NDArray[np.int64]
    drawn: npt.NDArray[np.int64]

    @classmethod
    def of(cls, names: Iterable[str]) -> "Resampled":
        """Drawn among the documents of some words; the same every time."""
        names = list(names)
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        document = np.array([numbers[name] for name in names], dtype=np.int64)
        generator = np.random.default_rng(_SEED)
        n = len(numbers)
        return cls(document, generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES))

    @property
    def n_documents(self) -> int:
        """Documents drawn from."""
        return int(self.drawn.shape[1])

    def interval(self, values: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> list[float]:
        """Ends of the interval of the mean of words' values ``(n,)``."""
        sums = np.bincount(self.document, weights=values, minlength=self.n_documents)
        counts = np.bincount(self.document, minlength=self.n_documents)
        means = (self.drawn @ sums) / (self.drawn @ counts)
        outside = (1 - CONFIDENCE) / 2
        return [float(end) for end in np.quantile(means, [outside, 1 - outside])]
