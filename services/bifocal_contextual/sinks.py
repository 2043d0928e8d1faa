"""How much attention each layer parks on special tokens: the attention sink.

Heads that have nothing to say of a word attend to a special token (Clark et al. 2019, section 3.2,
https://arxiv.org/abs/1906.04341; Xiao et al. 2023, https://arxiv.org/abs/2309.17453).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.attention import AttentionCall
from bifocal_contextual.batches import Batch, Place
from bifocal_contextual.model import Transformer

#: Attending pieces looked at in each window, evenly spaced: all of them would cost every head's weights.
_ROWS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSinks:
    """Shape: `mass` ``(layers,)``, attention on special tokens, mean over heads and `rows` pieces."""

    mass: npt.NDArray[np.float64]
    rows: int


class SinkReader:
    """Measures the sinks of each window."""

    def __init__(self, transformer: Transformer) -> None:
        self._n_prefix, self._n_suffix = len(transformer.prefix), len(transformer.suffix)

    def open(self, batch: Batch) -> "_Hearing":
        """Begin with a batch."""
        rows = [self._rows(place) for place in batch.places]
        length = batch.ids.shape[1]
        special = torch.stack([self._special(place, length) for place in batch.places]).to(batch.ids.device)
        return _Hearing([row.to(batch.ids.device) for row in rows], special)

    def _rows(self, place: Place) -> torch.Tensor:
        n = min(_ROWS, place.n_pieces)
        return self._n_prefix + torch.arange(n) * place.n_pieces // max(n, 1)

    def _special(self, place: Place, length: int) -> torch.Tensor:
        end = self._n_prefix + place.n_pieces
        column = torch.arange(length)
        return (column < self._n_prefix) | ((column >= end) & (column < end + self._n_suffix))


class _Hearing:
    def __init__(self, rows: list[torch.Tensor], special: torch.Tensor) -> None:
        self._rows = rows
        self._sizes = [len(row) for row in rows]
        # Which columns are special tokens, for each row of `row_weights`.
        self._special = special.repeat_interleave(
            torch.tensor(self._sizes, device=special.device), dim=0
        ).float()
        self._layers: list[torch.Tensor] = []

    def hear(self, call: AttentionCall) -> None:
        weights = call.row_weights(self._rows)[0].float()
        self._layers.append((weights * self._special).sum(dim=-1).mean(dim=0).cpu())

    def results(self) -> list[WindowSinks]:
        by_row = torch.split(torch.stack(self._layers).double(), self._sizes, dim=1)
        return [
            WindowSinks(mass=part.mean(dim=1).numpy() if rows else np.zeros(len(part)), rows=rows)
            for part, rows in zip(by_row, self._sizes, strict=True)
        ]


def together(windows: list[WindowSinks]) -> tuple[float, ...]:
    """Mean of a document's windows, layer by layer."""
    rows = np.array([window.rows for window in windows], dtype=np.float64)
    mass = np.stack([window.mass for window in windows])
    mean = (mass * rows[:, None]).sum(axis=0) / max(rows.sum(), 1)
    return tuple(round(float(share), 6) for share in mean)
