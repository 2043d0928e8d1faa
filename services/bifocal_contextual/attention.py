"""Attention weights as they arise: summed over heads and layers, and gone when a layer is done.

Asking transformers for `output_attentions` keeps layers × heads × n² numbers until the end of the
pass; this keeps n².
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

#: Name under which models are loaded to make their attention visible here.
ATTENTION = "bifocal"


class MeanAttention:
    """Mean over heads and layers of the attention between pieces.

    Heads are averaged before special tokens are removed, so a head that parks its attention on
    a special token has little say.
    """

    def __init__(self) -> None:
        self._total: torch.Tensor | None = None
        self._n_heads = 0

    def add(self, weights: torch.Tensor) -> None:
        """Take in one layer; `weights` ``(batch, heads, pieces, pieces)``, rows summing to one."""
        layer = weights.sum(dim=1)
        self._total = layer if self._total is None else self._total.add_(layer)
        self._n_heads += weights.shape[1]

    def result(self) -> torch.Tensor:
        """The mean, ``(batch, pieces, pieces)``."""
        if self._total is None:
            raise RuntimeError(
                "no attention was seen; was the model loaded with the attention function here?"
            )
        return self._total / self._n_heads


_collector: ContextVar[MeanAttention | None] = ContextVar("bifocal_attention", default=None)


@contextmanager
def mean_attention() -> Iterator[MeanAttention]:
    """Collect the attention of every forward pass made inside."""
    collector = MeanAttention()
    token = _collector.set(collector)
    try:
        yield collector
    finally:
        _collector.reset(token)


def _attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Scaled dot-product attention (Vaswani et al. 2017), as transformers' eager one computes it.

    Shapes: `query` ``(batch, heads, pieces, size)``, `key` and `value` alike; `attention_mask` is added
    to the scores. Returns ``(batch, pieces, heads, size)``.
    """
    scores = torch.matmul(query, key.transpose(2, 3)) * (scaling or query.shape[-1] ** -0.5)
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = nn.functional.softmax(scores, dim=-1)
    collector = _collector.get()
    if collector is not None:
        collector.add(weights)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, _attend)
AttentionMaskInterface.register(ATTENTION, eager_mask)
