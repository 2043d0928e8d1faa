"""Norm-based weights: a weight times the length of what it moves (Kobayashi et al. 2020, https://arxiv.org/abs/2004.10102).

A special token that heads attend to when they have nothing to say moves next to nothing, so it
loses the weight that raw attention gives it.
"""

from collections.abc import Sequence

import torch

from bifocal_contextual.attention import AttentionCall, AttentionPlace
from bifocal_contextual.methods.base import rows_to_one


class Norm:
    """Sum over the heads of ``a · ‖v W_O‖``, each layer's rows brought to one, mean over the layers."""

    def __init__(self, places: tuple[AttentionPlace, ...]) -> None:
        self._places = places
        self._sum: torch.Tensor | None = None

    def hear(self, call: AttentionCall) -> None:
        """Take in one layer."""
        moved = moved_lengths(call, self._places[call.layer], range(call.n_heads))
        layer = rows_to_one(torch.einsum("bhij,bhj->bij", call.weights().float(), moved))
        self._sum = layer if self._sum is None else self._sum.add_(layer)

    def matrix(self) -> torch.Tensor:
        """Shares of what reaches each piece, ``(batch, pieces, pieces)``."""
        if self._sum is None:
            raise RuntimeError("no attention was heard")
        return rows_to_one(self._sum)


def moved_lengths(call: AttentionCall, place: AttentionPlace, heads: Sequence[int]) -> torch.Tensor:
    """Length of each value behind the output projection, ``(batch, len(heads), pieces)``, float32.

    Where the projection is not known, the length of the value itself.
    """
    value = call.value[:, list(heads)].float()
    if place.output is None:
        lengths: torch.Tensor = torch.linalg.vector_norm(value, dim=-1)
        return lengths
    # ‖v W‖² = v (W Wᵀ) vᵀ: the small matrix of a head rather than the width of the model.
    output = place.output[list(heads)].to(value.device)
    gram = output @ output.transpose(1, 2)
    squares = torch.matmul(value, gram).mul_(value)
    return squares.sum(dim=-1).clamp_min_(0).sqrt_()
