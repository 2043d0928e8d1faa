"""DeBERTa computes attention with code of its own, past transformers' interface; hooks open it to a listener.

Its weights are complete (content and both position terms); there is no fused kernel beside them, so
every head is computed whatever is asked for.
"""

from typing import Any

import torch
from torch import nn

from bifocal_contextual.attention.call import KnownWeights
from bifocal_contextual.attention.tap import current_listener

_SELF_ATTENTION = "DisentangledSelfAttention"


def open_deberta(model: nn.Module) -> None:
    """Make the self-attention of a DeBERTa (v1, v2 or v3) audible; other models are left as they are."""
    for module in model.modules():
        if type(module).__name__ == _SELF_ATTENTION:
            module.register_forward_pre_hook(_ask_for_weights, with_kwargs=True)
            module.register_forward_hook(_tell, with_kwargs=True)


def _ask_for_weights(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    # Third argument of its forward, which every caller gives by position.
    return (*args[:2], current_listener() is not None, *args[3:]), kwargs


def _tell(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: tuple[torch.Tensor, Any]
) -> tuple[torch.Tensor, None]:
    listener = current_listener()
    if listener is not None:
        listener.hear(KnownWeights(module, weights=output[1], value=_value(module, args[0])))
    return output[0], None


def _value(module: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Values ``(batch, heads, pieces, size)``."""
    n_heads = module.num_attention_heads
    if hasattr(module, "value_proj"):
        flat = module.value_proj(hidden)
    else:
        packed = module.in_proj(hidden).unflatten(-1, (n_heads, 3, -1))
        flat = (packed[..., 2, :] + module.v_bias.view(n_heads, -1)).flatten(2)
    value: torch.Tensor = flat.unflatten(-1, (n_heads, -1)).transpose(1, 2)
    return value
