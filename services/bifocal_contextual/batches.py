"""Windows of many documents in batches: longest first, as many as a budget of pieces holds."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import torch

from bifocal.errors import DocumentTooLarge
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces
from bifocal_contextual.windows import Window

T = TypeVar("T")

#: What torch says when the processor's memory is full; a GPU's has an exception of its own.
_NO_MEMORY = re.compile(r"not enough memory|can't allocate memory|out of memory", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A window of a document."""

    document: int
    pieces: Pieces
    window: Window

    @property
    def n_pieces(self) -> int:
        """Pieces read, specials apart."""
        return self.window.end_piece - self.window.first_piece

    @property
    def n_words(self) -> int:
        """Words of the window."""
        return self.window.end_word - self.window.first_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Windows that go through the model together.

    Shapes: `ids` ``(rows, length)``; `mask` ``(rows, length)``, None where every row fills its length.
    """

    places: tuple[Place, ...]
    ids: torch.Tensor
    mask: torch.Tensor | None


def places_of(documents: Sequence[tuple[Pieces, Sequence[Window]]]) -> list[Place]:
    """Every window of some documents."""
    return [
        Place(document=number, pieces=pieces, window=window)
        for number, (pieces, windows) in enumerate(documents)
        for window in windows
    ]


def in_batches(
    places: Sequence[Place], transformer: Transformer, most_tokens: int, *, apart: bool = False
) -> Iterator[list[Place]]:
    """Places sorted by length, the longest first, so that little is padded and memory is needed at once.

    A batch holds at most `most_tokens` pieces, padding and specials included; a longer window is alone.
    With `apart` no batch holds windows of two documents: a product rounds by the shape of what it
    multiplies, so this is what makes a document's figures the same to the last bit in any company.
    """
    if apart:
        for _, own in groupby(places, key=lambda place: place.document):
            yield from in_batches(list(own), transformer, most_tokens)
        return
    specials = len(transformer.prefix) + len(transformer.suffix)
    batch: list[Place] = []
    for place in sorted(places, key=lambda p: -p.n_pieces):
        # The first of a batch is its longest, so it sets the padding.
        if batch and (len(batch) + 1) * (batch[0].n_pieces + specials) > most_tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def padded(places: Sequence[Place], transformer: Transformer) -> Batch:
    """The tensors that the model takes."""
    rows = [
        [
            *transformer.prefix,
            *place.pieces.ids[place.window.first_piece : place.window.end_piece].tolist(),
            *transformer.suffix,
        ]
        for place in places
    ]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [transformer.pad_id] * (longest - len(row)) for row in rows])
    mask = None
    if any(len(row) < longest for row in rows):
        lengths = torch.tensor([len(row) for row in rows])
        mask = (torch.arange(longest) < lengths[:, None]).long().to(transformer.device)
    return Batch(places=tuple(places), ids=ids.to(transformer.device), mask=mask)


def halving(places: Sequence[Place], run: Callable[[Sequence[Place]], list[T]]) -> list[T]:
    """What `run` makes of some places; where memory runs out, of one half and then of the other.

    Raises:
        DocumentTooLarge: not even one window fits.
    """
    try:
        return run(places)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError) and not _NO_MEMORY.search(str(error)):
            raise
        if len(places) == 1:
            raise DocumentTooLarge(
                f"a window of {places[0].n_pieces} pieces does not fit in memory; "
                "choose fewer --window-tokens"
            ) from error
    # Outside the handler, whose traceback would keep the tensors of the failed pass alive.
    middle = len(places) // 2
    return halving(places[:middle], run) + halving(places[middle:], run)
