"""The attention function that models are loaded with: the fused kernel's output, and a listener beside it.

Asking transformers for `output_attentions` gives up the fused kernel and keeps layers × heads × n²
numbers until the end of the pass. Here a listener sees each layer while it is computed and keeps
what it likes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import create_position_bias_mask, repeat_kv
from transformers.masking_utils import sdpa_mask

from bifocal_contextual.attention.call import AttentionCall, Listener

#: Name under which models are loaded to make their attention visible here.
ATTENTION = "bifocal"

#: Arguments that are about how attention is computed, or that the mask has taken in already.
_OF_NO_CONSEQUENCE = frozenset(
    {
        "cache_position", "cu_seq_lens_k", "cu_seq_lens_q", "deterministic", "dropout",
        "encoder_attention_mask", "encoder_hidden_states", "max_length_k", "max_length_q",
        "output_attentions", "output_hidden_states", "position_ids", "sliding_window", "use_cache",
    }
)  # fmt: skip

_listener: ContextVar[Listener | None] = ContextVar("bifocal_listener", default=None)


class UnknownTerm(ValueError):
    """The attention has a term that is not computed here, as soft-capped scores or an attention sink."""


class _Counting:
    """Tells each call its number: models that share one module between layers have no other order."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._n_heard = 0
        self._masks: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def hear(self, call: AttentionCall) -> None:
        call.mask = self._narrowed(call.mask)
        call.layer = self._n_heard
        self._n_heard += 1
        self._listener.hear(call)

    def _narrowed(self, mask: torch.Tensor | None) -> torch.Tensor | None:
        """A mask that is the same for every row, as padding's, as one row; looked at once in a pass."""
        if mask is None or mask.dtype != torch.bool:
            return mask
        # The mask itself is kept too, so that no other can take its number.
        if id(mask) not in self._masks:
            row = mask[..., :1, :]
            self._masks[id(mask)] = (mask, row if bool((mask == row).all()) else mask)
        return self._masks[id(mask)][1]


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let `listener` hear the attention of the forward pass made inside, layer by layer."""
    token = _listener.set(_Counting(listener))
    try:
        yield
    finally:
        _listener.reset(token)


def current_listener() -> Listener | None:
    """Who listens, if anyone."""
    return _listener.get()


def _attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: torch.Tensor | None = None,
    **others: object,
) -> tuple[torch.Tensor, None]:
    """Scaled dot-product attention (Vaswani et al. 2017).

    Shapes: `query` ``(batch, heads, pieces, size)``; `key` and `value` may have fewer heads
    (grouped-query attention). Returns ``(batch, pieces, heads, size)``.

    Raises:
        UnknownTerm: an argument may change the weights, and nothing here knows how.
    """
    unknown = [name for name, given in others.items() if given is not None and name not in _OF_NO_CONSEQUENCE]
    if unknown:
        raise UnknownTerm(", ".join(unknown))
    key = repeat_kv(key, query.shape[1] // key.shape[1])
    value = repeat_kv(value, query.shape[1] // value.shape[1])
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    causal = is_causal if is_causal is not None else bool(getattr(module, "is_causal", False))
    causal = causal and attention_mask is None and query.shape[2] > 1
    mask = attention_mask
    if position_bias is not None:
        mask, causal = create_position_bias_mask(position_bias, mask, causal, query, key), False
    listener = _listener.get()
    if listener is None:
        return _kernel(query, key, value, mask, scaling, causal=causal), None
    call = AttentionCall(
        module,
        query=query,
        key=key,
        value=value,
        mask=_causal_mask(query, key) if causal else mask,
        scaling=scaling,
    )
    listener.hear(call)
    return _finish(call, mask, causal=causal), None


def _finish(call: AttentionCall, mask: torch.Tensor | None, *, causal: bool) -> torch.Tensor:
    """The layer's output; heads whose weights a listener asked for have had the kernel's work done."""
    query, key, value = call.query, call.key, call.value
    if call.all_weights is not None or call.whole:
        output = torch.matmul(call.weights().to(value.dtype), value)
        return output.transpose(1, 2).contiguous()
    # On a processor the kernel's time goes by the head; on a GPU one call is worth more than its heads.
    if call.computed is None or query.device.type != "cpu":
        return _kernel(query, key, value, mask, call.scaling, causal=causal)
    heads, weights = call.computed
    others = [head for head in range(call.n_heads) if head not in heads]
    batch, _, length, _ = query.shape
    output = query.new_empty(batch, length, call.n_heads, value.shape[-1])
    output[:, :, heads] = torch.matmul(weights.to(value.dtype), value[:, heads]).transpose(1, 2)
    if mask is not None and mask.shape[1] > 1:
        mask = mask[:, others]
    output[:, :, others] = nn.functional.scaled_dot_product_attention(
        query[:, others], key[:, others], value[:, others],
        attn_mask=mask, scale=call.scaling, is_causal=causal,
    ).transpose(1, 2)  # fmt: skip
    return output


def _kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float,
    *,
    causal: bool,
) -> torch.Tensor:
    output = nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, scale=scaling, is_causal=causal
    )
    return output.transpose(1, 2).contiguous()


def _causal_mask(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    seen = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device)
    return seen.tril()[None, None]


AttentionInterface.register(ATTENTION, _attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
