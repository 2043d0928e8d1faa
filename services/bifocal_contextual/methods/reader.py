"""A method's matrix of every window, pooled to words, special tokens taken out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_contextual.attention import AttentionCall
from bifocal_contextual.batches import Batch
from bifocal_contextual.methods.base import Relator
from bifocal_contextual.model import Transformer
from bifocal_contextual.pooling import N_SPECIALS, Pooling
from bifocal_contextual.windows import Window

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowWeights:
    """The weights between the words of one window.

    Shapes: `weight` ``(words, words)``, row i the shares of word i's attention to words, summing to
    one (or to zero for a word without pieces); `sink` ``(words,)``, the share of each word's attention
    that went to no word and was removed.
    """

    window: Window
    weight: Floats
    sink: Floats


class MatrixReader:
    """Reads windows by a method."""

    def __init__(self, transformer: Transformer, make_relator: Callable[[], Relator]) -> None:
        self._transformer = transformer
        self._make_relator = make_relator

    def open(self, batch: Batch) -> "_Hearing":
        """Begin with a batch."""
        return _Hearing(self._make_relator(), batch, self._transformer)


class _Hearing:
    def __init__(self, relator: Relator, batch: Batch, transformer: Transformer) -> None:
        self._relator = relator
        self._batch = batch
        self._transformer = transformer

    def hear(self, call: AttentionCall) -> None:
        self._relator.hear(call)

    def results(self) -> list[WindowWeights]:
        matrix = self._relator.matrix().cpu()
        return [
            _without_specials(place.window, Pooling.of(place, self._transformer)(matrix[row]).numpy())
            for row, place in enumerate(self._batch.places)
        ]


def _without_specials(window: Window, pooled: Floats) -> WindowWeights:
    """Drop what went to the special tokens, and bring what is left of each row to one."""
    text = pooled[:-N_SPECIALS, :-N_SPECIALS]
    kept, mass = text.sum(axis=1), pooled[:-N_SPECIALS].sum(axis=1)
    weight = np.divide(text, kept[:, None], out=np.zeros_like(text), where=kept[:, None] > 0)
    sink = np.where(mass > 0, 1 - kept, 0).astype(np.float32)
    return WindowWeights(window=window, weight=weight, sink=sink)
