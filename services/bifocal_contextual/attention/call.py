"""One layer's attention, laid open while it is computed."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import nn

#: Added to the score of what is not seen; its exponential is zero, and every format but float16 holds it.
_UNSEEN = -1e30

#: Longer texts' weights would take more memory than all else of a pass.
_MOST_WHOLE_PIECES = 1024


class AttentionCall:
    """The tensors of one attention call; weights are computed for the heads that are asked for.

    Shapes: `query` ``(batch, heads, from_pieces, size)``; `key` and `value` ``(batch, heads, to_pieces,
    size)``, repeated where queries share them; `mask` broadcasts to ``(batch, heads, from_pieces,
    to_pieces)``, boolean (true is seen) or added to the scores.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
        scaling: float,
    ) -> None:
        self.module = module
        self.layer = 0
        """Number of the call in its pass, from 0; the place of the same number is its own."""
        self.query = query
        self.key = key
        self.value = value
        self.mask = mask
        self.scaling = scaling
        self.all_weights: torch.Tensor | None = None
        self._computed: dict[tuple[int, ...], torch.Tensor] = {}
        self._taken: dict[tuple[int, ...], torch.Tensor] = {}

    @property
    def whole(self) -> bool:
        """Whether all heads' weights, and the layer's output from them, cost no more than the fused kernel.

        So it is for half formats on a processor, whose fused kernel computes in float32 inside: at 226 pieces
        it takes 1.4 times as long, at 512 one and a half times (`bench/attention.py`).
        """
        half = self.query.dtype in (torch.bfloat16, torch.float16)
        return half and self.query.device.type == "cpu" and self.key.shape[-2] <= _MOST_WHOLE_PIECES

    @property
    def n_heads(self) -> int:
        """Heads of this layer."""
        return self.value.shape[1]

    def weights(self, heads: Sequence[int] | None = None) -> torch.Tensor:
        """Attention weights ``(batch, len(heads), from_pieces, to_pieces)``, rows summing to one.

        In the number format of the model. Without `heads`, those of every head, which then serve the
        layer's output too.
        """
        chosen = tuple(range(self.n_heads)) if heads is None else tuple(heads)
        if self.all_weights is None and (self.whole or len(chosen) == self.n_heads):
            self.all_weights = self._softmax(self.query, self.key, self.mask)
        if self.all_weights is not None:
            return self.all_weights if heads is None else self._some(self.all_weights, chosen)
        if chosen not in self._computed:
            mask = self.mask
            if mask is not None and mask.shape[1] > 1:
                mask = mask[:, chosen]
            self._computed[chosen] = self._softmax(self.query[:, chosen], self.key[:, chosen], mask)
        return self._computed[chosen]

    def _some(self, weights: torch.Tensor, heads: tuple[int, ...]) -> torch.Tensor:
        """Weights of some heads, copied once: several listeners ask for the same ones."""
        if heads not in self._taken:
            self._taken[heads] = weights[:, list(heads)]
        return self._taken[heads]

    def row_weights(self, rows: Sequence[torch.Tensor]) -> torch.Tensor:
        """Every head's weights of a few attending pieces, ``(1, heads, rows of all texts, to_pieces)``.

        `rows` has the pieces of each text of the batch.
        """
        if self.all_weights is not None or self.whole:
            found = [own[:, pieces] for own, pieces in zip(self.weights(), rows, strict=True)]
            return torch.cat(found, dim=1)[None]
        found = []
        for text, pieces in enumerate(rows):
            mask = self.mask
            if mask is not None:
                mask = mask[text if mask.shape[0] > 1 else 0]
                mask = mask[:, pieces] if mask.shape[-2] > 1 else mask
            found.append(self._softmax(self.query[text][:, pieces], self.key[text], mask))
        return torch.cat(found, dim=1)[None]

    @property
    def computed(self) -> tuple[tuple[int, ...], torch.Tensor] | None:
        """The largest choice of heads whose weights were computed, short of all, and those weights."""
        if not self._computed:
            return None
        return max(self._computed.items(), key=lambda item: len(item[0]))

    def _softmax(self, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        query = query * self.scaling
        if mask is not None and mask.dtype == torch.bool and mask.shape[-2] == 1:
            # The same for all rows, as padding is: one dimension more in the product adds it to the
            # scores, where a pass over all of them would cost as much as the product itself.
            hidden = torch.zeros_like(key[..., :1]).masked_fill_(~mask.transpose(-2, -1), _UNSEEN)
            query, key = torch.cat([query, torch.ones_like(query[..., :1])], -1), torch.cat([key, hidden], -1)
            mask = None
        scores = torch.matmul(query, key.transpose(-2, -1))
        if mask is not None and mask.dtype == torch.bool:
            # The least number rather than minus infinity: a padded row sees nothing and must not be NaN.
            scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
        elif mask is not None:
            scores.add_(mask)
        # Half formats are summed up in float32 inside and only stored as they came.
        return torch.softmax(scores, dim=-1)


class KnownWeights(AttentionCall):
    """A call of an architecture that computes its weights itself."""

    def __init__(self, module: nn.Module, *, weights: torch.Tensor, value: torch.Tensor) -> None:
        super().__init__(module, query=value, key=value, value=value, mask=None, scaling=1.0)
        self.all_weights = weights


class Listener(Protocol):
    """Hears every attention call of a forward pass, layer by layer."""

    def hear(self, call: AttentionCall) -> None:
        """Take from a call what is wanted; it may replace `call.value`."""
        ...


class Listeners:
    """Several listeners as one."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def hear(self, call: AttentionCall) -> None:
        """Let each hear the call, in order."""
        for listener in self._listeners:
            listener.hear(call)
