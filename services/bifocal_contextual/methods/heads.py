"""A catalogue's heads: the mean of their norm-based weights."""

from collections.abc import Sequence

import torch

from bifocal_contextual.attention import AttentionCall, AttentionPlace, heads_by_layer
from bifocal_contextual.methods.base import rows_to_one
from bifocal_contextual.methods.norm import moved_lengths


class SelectedHeads:
    """Mean of ``a · ‖v W_O‖`` over some heads, each head's rows brought to one first.

    Heads were found to carry relations (Clark et al. 2019); the norms (Kobayashi et al. 2020) take out
    the special tokens that a head attends to where it has found none.
    """

    def __init__(self, places: Sequence[AttentionPlace], heads: Sequence[int]) -> None:
        """`heads` are numbered through all layers, from 0."""
        by_layer = heads_by_layer(heads, [place.n_heads for place in places])
        self._places = places
        self._heads = by_layer
        self._sum: torch.Tensor | None = None

    def hear(self, call: AttentionCall) -> None:
        """Take in one layer."""
        heads = self._heads.get(call.layer, ())
        if not heads:
            return
        moved = moved_lengths(call, self._places[call.layer], heads)
        weights = call.weights(heads)
        # Sums of rows without the product's matrix: one pass less over the largest array.
        reached = torch.matmul(weights, moved[..., None].to(weights.dtype)).float().clamp_min_(1e-30)
        each = reached.reciprocal_()
        if self._sum is None:
            self._sum = each.new_zeros(weights.shape[0], *weights.shape[2:])
        for number in range(len(heads)):
            self._sum.addcmul_(weights[:, number] * moved[:, number, None, :], each[:, number])

    def matrix(self) -> torch.Tensor:
        """Shares of what reaches each piece, ``(batch, pieces, pieces)``."""
        if self._sum is None:
            raise RuntimeError("no attention was heard")
        return rows_to_one(self._sum)
