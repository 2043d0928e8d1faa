"""Documents through the network, window by window, heard by as many readers as there are questions."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

import torch

from bifocal_contextual.attention import AttentionCall, Listeners, listening
from bifocal_contextual.batches import Batch, Place, halving, in_batches, padded, places_of
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces
from bifocal_contextual.windows import Window

T_co = TypeVar("T_co", covariant=True)

#: What each reader made of one window, in the order of the readers.
Parts = tuple[Any, ...]


class Hearing(Protocol[T_co]):
    """A reader at work on one batch."""

    def hear(self, call: AttentionCall) -> None:
        """Take in one layer."""
        ...

    def results(self) -> Sequence[T_co]:
        """What was read, one for each place of the batch, in order."""
        ...


class Reader(Protocol[T_co]):
    """A question to the attention of many batches."""

    def open(self, batch: Batch) -> Hearing[T_co]:
        """Begin with a batch, before its forward pass."""
        ...


def read_windows(
    transformer: Transformer,
    documents: Sequence[tuple[Pieces, Sequence[Window]]],
    readers: Sequence[Reader[Any]],
    *,
    batch_tokens: int,
    apart: bool = False,
) -> Iterator[tuple[Place, Parts]]:
    """Read every window of some documents, longest first, in batches of at most `batch_tokens` pieces.

    Yields each window with what every reader made of it. That does not depend on its batch (within
    rounding): padding is masked. With `apart` each document has batches of its own, and not even
    rounding depends on its company.

    Raises:
        DocumentTooLarge: a single window does not fit in memory.
    """

    def run(places: Sequence[Place]) -> list[tuple[Place, Parts]]:
        batch = padded(places, transformer)
        hearings = [reader.open(batch) for reader in readers]
        forward(transformer, batch, hearings)
        found = [hearing.results() for hearing in hearings]
        return [(place, tuple(of[row] for of in found)) for row, place in enumerate(places)]

    for places in in_batches(places_of(documents), transformer, batch_tokens, apart=apart):
        yield from halving(places, run)


@torch.inference_mode()
def forward(transformer: Transformer, batch: Batch, hearings: Sequence[Hearing[Any]]) -> None:
    """One pass; what the network puts out is dropped."""
    with listening(Listeners(*hearings)):
        transformer.network(input_ids=batch.ids, attention_mask=batch.mask, **transformer.pass_options)
