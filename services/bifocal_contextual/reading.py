"""From documents to word-to-word weights: windows in batches through the model, pooled to words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.attention import mean_attention
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces
from bifocal_contextual.windows import Window

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowWeights:
    """The weights between the words of one window.

    Shapes: `weight` ``(words, words)``, row i the shares of word i's attention to words, summing to
    one (or to zero for a word without pieces); `sink` ``(words,)``, the share of each word's attention
    that went to no word and was removed.
    """

    document: int
    window: Window
    weight: Floats
    sink: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    document: int
    pieces: Pieces
    window: Window

    @property
    def length(self) -> int:
        return self.window.end_piece - self.window.first_piece


def read_windows(
    transformer: Transformer, documents: Sequence[tuple[Pieces, Sequence[Window]]], *, batch_tokens: int
) -> Iterator[WindowWeights]:
    """Read every window of some documents, longest first, in batches of at most `batch_tokens` pieces.

    What a window yields does not depend on its batch (within rounding): padding is masked.
    """
    places = [
        _Place(document=number, pieces=pieces, window=window)
        for number, (pieces, windows) in enumerate(documents)
        for window in windows
    ]
    for batch in _batches(sorted(places, key=lambda p: -p.length), transformer, batch_tokens):
        attention = _forward(transformer, batch)
        for row, place in enumerate(batch):
            yield _pool(attention[row], place, n_prefix=len(transformer.prefix))


def _batches(places: list[_Place], transformer: Transformer, most: int) -> Iterator[list[_Place]]:
    specials = len(transformer.prefix) + len(transformer.suffix)
    batch: list[_Place] = []
    for place in places:
        # The first of a batch is its longest, so it sets the padding.
        if batch and (len(batch) + 1) * (batch[0].length + specials) > most:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


@torch.inference_mode()
def _forward(transformer: Transformer, batch: list[_Place]) -> torch.Tensor:
    """Mean attention ``(batch, length, length)`` of one pass."""
    rows = [
        [
            *transformer.prefix,
            *p.pieces.ids[p.window.first_piece : p.window.end_piece].tolist(),
            *transformer.suffix,
        ]
        for p in batch
    ]
    longest = max(len(row) for row in rows)
    ids = torch.full((len(rows), longest), transformer.pad_id)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    with mean_attention() as collector:
        transformer.model(input_ids=ids.to(transformer.device), attention_mask=mask.to(transformer.device))
    return collector.result().float().cpu()


def _pool(attention: torch.Tensor, place: _Place, *, n_prefix: int) -> WindowWeights:
    """Pieces to words: summed over the pieces of the word attended to, averaged over those attending.

    That keeps the sum of a row (Clark et al. 2019, "What Does BERT Look At?", section 4.1).
    """
    window, pieces = place.window, place.pieces
    n_words, n_pieces = window.end_word - window.first_word, place.length
    inside = (
        (pieces.piece >= window.first_piece)
        & (pieces.piece < window.end_piece)
        & (pieces.word >= window.first_word)
        & (pieces.word < window.end_word)
    )
    to_word = np.zeros((n_pieces, n_words), dtype=np.float32)
    to_word[pieces.piece[inside] - window.first_piece, pieces.word[inside] - window.first_word] = (
        pieces.share[inside]
    )
    mass = to_word.sum(axis=0)
    from_word = (to_word / np.where(mass == 0, 1, mass)).T
    text = attention[n_prefix : n_prefix + n_pieces, n_prefix : n_prefix + n_pieces].numpy()
    pooled = from_word @ (text @ to_word)
    kept = pooled.sum(axis=1, keepdims=True)
    weight: Floats = np.divide(pooled, kept, out=np.zeros_like(pooled), where=kept > 0)
    return WindowWeights(
        document=place.document,
        window=window,
        weight=weight,
        sink=np.where(mass > 0, 1 - kept[:, 0], 0).astype(np.float32),
    )
