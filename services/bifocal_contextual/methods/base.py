"""What every method is: a listener that ends up with one matrix for each row of a batch."""

from typing import Protocol

import torch

from bifocal_contextual.attention import AttentionCall


class Relator(Protocol):
    """Hears the layers of one batch."""

    def hear(self, call: AttentionCall) -> None:
        """Take in one layer."""
        ...

    def matrix(self) -> torch.Tensor:
        """What each piece draws from each, ``(batch, pieces, pieces)``; rows sum to one."""
        ...


def rows_to_one(matrix: torch.Tensor) -> torch.Tensor:
    """Rows divided by their sum; a row of zeros stays."""
    return matrix / matrix.sum(dim=-1, keepdim=True).clamp_min(torch.finfo(matrix.dtype).tiny)
