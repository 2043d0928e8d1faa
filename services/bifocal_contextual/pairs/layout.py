"""Where the pieces behind word pairs lie in a batch's attention weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.batches import Batch, Place
from bifocal_contextual.model import Transformer
from bifocal_contextual.pooling import N_SPECIALS, links_with_specials

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class WordPairs(NamedTuple):
    """Words that attend and words attended to, ``(n_pairs,)``, counted from a window's first."""

    i: Ints
    j: Ints


class BatchShape(NamedTuple):
    """Pieces in each row of a batch, and the special tokens before and after a text."""

    length: int
    n_prefix: int
    n_suffix: int

    @classmethod
    def of(cls, batch: Batch, transformer: Transformer) -> "BatchShape":
        """Shape of a batch that `transformer` reads."""
        return cls(batch.ids.shape[1], len(transformer.prefix), len(transformer.suffix))


class _Pieces(NamedTuple):
    """Pieces of a window's words: `piece` and `share` ``(n_links,)`` ordered by word."""

    piece: Ints
    share: Floats
    first: Ints
    number: Ints
    mass: Floats


class PairLayout:
    """Word pairs of a batch's windows, ready to be read from the weights of any layer.

    Pairs whose words have one piece each are read straight from their cell; the others are summed up
    from several (see `bifocal_contextual.pooling` for the rule). With `rows_only` the weights are those
    of the pieces that attend in some pair (`rows`) and of no others.
    """

    def __init__(
        self,
        places: Sequence[Place],
        pairs: Sequence[WordPairs],
        shape: BatchShape,
        *,
        rows_only: bool = False,
    ) -> None:
        self.bounds = np.cumsum([0, *(len(p.i) for p in pairs)])
        parts = [
            _cells(_pieces(place, shape.n_prefix, shape.n_suffix), p)
            for place, p in zip(places, pairs, strict=True)
        ]
        pair = np.concatenate([part.pair + start for part, start in zip(parts, self.bounds, strict=False)])
        share = np.concatenate([part.share for part in parts])
        number = np.repeat(np.arange(len(parts)), [len(part.pair) for part in parts])
        attending = np.concatenate([part.attending for part in parts])
        attended = np.concatenate([part.attended for part in parts])
        self.rows: list[Ints] = []
        self._n_rows = shape.length
        if rows_only:
            rows, attending = np.unique(number * shape.length + attending, return_inverse=True)
            self.rows = [rows[rows // shape.length == k] % shape.length for k in range(len(parts))]
            self._n_rows, number = len(rows), np.zeros_like(number)
        self._length = shape.length
        self._number = torch.from_numpy(number)
        self._cell = torch.from_numpy(attending * shape.length + attended)
        # Whatever is not one cell of its own with the full share needs the sum.
        simple = np.array_equal(pair, np.arange(self.n_pairs)) and bool((share == 1).all())
        self._pair = None if simple else torch.from_numpy(pair)
        self._share = torch.from_numpy(share)
        self._indices: dict[int, torch.Tensor] = {}

    @property
    def n_pairs(self) -> int:
        """Pairs of all windows together."""
        return int(self.bounds[-1])

    def pooled(self, weights: torch.Tensor) -> torch.Tensor:
        """Weights of the pairs ``(heads, n_pairs)``, float32.

        `weights` are ``(batch, heads, length, length)``; of rows only, ``(1, heads, rows, length)``.
        """
        n_heads = weights.shape[1]
        if n_heads not in self._indices:
            head = torch.arange(n_heads)[:, None]
            plane = self._n_rows * self._length
            self._indices[n_heads] = ((self._number * n_heads + head) * plane + self._cell).to(weights.device)
        cells = torch.take(weights, self._indices[n_heads]).float()
        if self._pair is None:
            return cells
        cells *= self._share.to(cells.device)
        pair = self._pair.to(cells.device).expand(n_heads, -1)
        return cells.new_zeros(n_heads, self.n_pairs).scatter_add_(1, pair, cells)


@dataclass(frozen=True, slots=True)
class _Cells:
    pair: Ints
    attending: Ints
    attended: Ints
    share: Floats


def _pieces(place: Place, n_prefix: int, n_suffix: int) -> _Pieces:
    piece, word, share = links_with_specials(place, n_prefix, n_suffix)
    n_words = place.n_words + N_SPECIALS
    count = np.bincount(word, minlength=n_words)
    mass = np.bincount(word, weights=share, minlength=n_words).astype(np.float32)
    return _Pieces(piece, share, np.cumsum(count) - count, count, mass)


def _cells(pieces: _Pieces, pairs: WordPairs) -> _Cells:
    n_from, n_to = pieces.number[pairs.i], pieces.number[pairs.j]
    n_cells = n_from * n_to
    pair = np.repeat(np.arange(len(n_cells)), n_cells)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(n_cells) - n_cells, n_cells)
    step_from, step_to = np.divmod(step, n_to[pair])
    attending = pieces.first[pairs.i][pair] + step_from
    attended = pieces.first[pairs.j][pair] + step_to
    share = pieces.share[attending] / pieces.mass[pairs.i][pair] * pieces.share[attended]
    return _Cells(pair, pieces.piece[attending], pieces.piece[attended], share.astype(np.float32))
