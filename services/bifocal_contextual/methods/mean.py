"""The mean over all heads and layers: what averaging tools show, here for comparison."""

import torch

from bifocal_contextual.attention import AttentionCall


class Mean:
    """Mean of the raw weights of every head of every layer."""

    def __init__(self) -> None:
        self._sum: torch.Tensor | None = None
        self._n_heads = 0

    def hear(self, call: AttentionCall) -> None:
        """Take in one layer."""
        layer = call.weights().sum(dim=1, dtype=torch.float32)
        self._sum = layer if self._sum is None else self._sum.add_(layer)
        self._n_heads += call.n_heads

    def matrix(self) -> torch.Tensor:
        """Mean weights ``(batch, pieces, pieces)``."""
        if self._sum is None:
            raise RuntimeError("no attention was heard")
        return self._sum / self._n_heads
