"""Every head's weights between the words of each window: what catalogues are made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from bifocal_contextual.attention import AttentionCall
from bifocal_contextual.batches import Batch
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces
from bifocal_contextual.pooling import Pooling
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowHeads:
    """All heads of one window.

    Shape: `weights` ``(heads, words + 2, words + 2)``, float32, heads of all layers in order; row i is
    what word i attends to; the last two words are the special tokens before and after the text.
    """

    document: int
    window: Window
    weights: torch.Tensor


def read_heads(
    transformer: Transformer, documents: Sequence[tuple[Pieces, Sequence[Window]]], *, batch_tokens: int
) -> Iterator[WindowHeads]:
    """Every window of some documents, the longest first."""
    readers = [_AllHeads(transformer)]
    for place, (weights,) in read_windows(transformer, documents, readers, batch_tokens=batch_tokens):
        yield WindowHeads(document=place.document, window=place.window, weights=weights)


class _AllHeads:
    def __init__(self, transformer: Transformer) -> None:
        self._transformer = transformer

    def open(self, batch: Batch) -> "_Hearing":
        return _Hearing([Pooling.of(place, self._transformer) for place in batch.places])


class _Hearing:
    def __init__(self, poolings: Sequence[Pooling]) -> None:
        self._poolings = poolings
        self._layers: list[list[torch.Tensor]] = [[] for _ in poolings]

    def hear(self, call: AttentionCall) -> None:
        weights = call.weights()
        for row, (pooling, layers) in enumerate(zip(self._poolings, self._layers, strict=True)):
            layers.append(pooling(weights[row]).cpu())

    def results(self) -> list[torch.Tensor]:
        return [torch.cat(layers) for layers in self._layers]
