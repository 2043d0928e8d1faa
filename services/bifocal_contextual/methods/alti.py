"""One block of ALTI (Ferrando et al. 2022, https://arxiv.org/abs/2203.04212).

How much nearer an output of the attention sub-layer is to what one input gave than to nothing:
``max(0, ‖y_i‖₁ − ‖y_i − T_i(x_j)‖₁)``. The whole method multiplies the layers; one block two thirds
up, where relations between words are strongest, keeps more of them and costs a sixth.
"""

from typing import Any

import torch
from torch import nn

from bifocal_contextual.attention import AttentionCall, AttentionPlace
from bifocal_contextual.methods.base import rows_to_one

#: Numbers of one chunk of rows, so that memory does not grow with the square of a window.
_CHUNK_NUMBERS = 8_000_000


class Alti:
    """Contributions in one block; `available` tells whether a model's blocks are known well enough.

    `block` is the number of the block from 0, by default that two thirds up.
    """

    def __init__(self, places: tuple[AttentionPlace, ...], block: int | None = None) -> None:
        self._block = block_of(len(places)) if block is None else block
        self._place = places[self._block]
        self._call: AttentionCall | None = None
        self._sum: torch.Tensor | None = None
        norm = self._place.norm
        if self._place.output is None or norm is None:
            raise ValueError("this model's blocks are not known well enough for ALTI")
        self._norm = norm

    @staticmethod
    def available(places: tuple[AttentionPlace, ...], block: int | None = None) -> bool:
        """Whether the output projection and the norm of the block are known."""
        place = places[block_of(len(places)) if block is None else block]
        return place.output is not None and place.norm is not None

    def hear(self, call: AttentionCall) -> None:
        """Wait for the block's attention."""
        if call.layer == self._block:
            self._call = call
            call.weights()
            self._hook = self._norm.register_forward_hook(self._after)

    def matrix(self) -> torch.Tensor:
        """Contributions ``(batch, pieces, pieces)``."""
        if self._sum is None:
            raise RuntimeError("no attention was heard")
        return self._sum

    def _after(self, norm: nn.Module, args: tuple[Any, ...], output: torch.Tensor) -> None:
        self._hook.remove()
        if self._call is None:
            return
        call, self._call = self._call, None
        before = args[0].float()
        after = output.float() if self._place.norm_ends else before
        self._sum = torch.stack(
            [self._contributions(call, norm, before[row], after[row], row) for row in range(len(before))]
        )

    def _contributions(
        self, call: AttentionCall, norm: nn.Module, before: torch.Tensor, after: torch.Tensor, row: int
    ) -> torch.Tensor:
        place = self._place
        if place.output is None:
            raise RuntimeError("an output projection that vanished")
        weights = call.weights()[row].float()
        moved = torch.einsum("hjs,hsd->jhd", call.value[row].float(), place.output.to(weights.device))
        attended = torch.einsum("hij,jhd->id", weights, moved)
        bias = 0 if place.output_bias is None else place.output_bias.to(weights.device)
        residual = before - attended - bias
        scale = _scale(norm, before) if place.norm_ends else None
        n = len(before)
        step = max(1, _CHUNK_NUMBERS // (n * before.shape[1]))
        chunks = []
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            given = torch.matmul(weights[:, rows].permute(2, 1, 0), moved).transpose(0, 1)
            own = torch.arange(rows.start, rows.stop, device=given.device)
            given[own - start, own] += residual[rows]
            if scale is not None:
                if not _root_mean_square(norm):
                    given -= given.mean(dim=-1, keepdim=True)
                given *= scale[rows, None, :]
            whole = after[rows]
            distance = (whole[:, None, :] - given).abs_().sum(dim=-1)
            chunks.append((whole.abs().sum(dim=-1, keepdim=True) - distance).clamp_min_(0))
        return rows_to_one(torch.cat(chunks))


def block_of(n_layers: int) -> int:
    """The block two thirds up, from 0."""
    return max(0, min(n_layers - 1, round(n_layers * 2 / 3) - 1))


def _scale(norm: nn.Module, before: torch.Tensor) -> torch.Tensor:
    """What a norm multiplies each (centred) number by ``(pieces, width)``; for a given input it is linear."""
    gain = norm.weight.float() if isinstance(norm.weight, torch.Tensor) else torch.ones(before.shape[-1])
    epsilon = float(getattr(norm, "eps", getattr(norm, "variance_epsilon", 1e-12)))
    centred = before if _root_mean_square(norm) else before - before.mean(dim=-1, keepdim=True)
    return gain / torch.sqrt(centred.square().mean(dim=-1, keepdim=True) + epsilon)


def _root_mean_square(norm: nn.Module) -> bool:
    return "RMS" in type(norm).__name__ or type(norm).__name__ == "T5LayerNorm"
