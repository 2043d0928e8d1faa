"""Attention rollout (Abnar & Zuidema 2020, https://arxiv.org/abs/2005.00928)."""

import torch

from bifocal_contextual.attention import AttentionCall


class Rollout:
    """Product over the layers of the mean over heads, each half residual connection: ``(A + I) / 2``."""

    def __init__(self) -> None:
        self._product: torch.Tensor | None = None

    def hear(self, call: AttentionCall) -> None:
        """Take in one layer."""
        layer = call.weights().mean(dim=1, dtype=torch.float32)
        layer = (layer + torch.eye(layer.shape[-1], device=layer.device)) / 2
        self._product = layer if self._product is None else layer @ self._product

    def matrix(self) -> torch.Tensor:
        """Share of the input pieces in each output piece, ``(batch, pieces, pieces)``."""
        if self._product is None:
            raise RuntimeError("no attention was heard")
        return self._product
