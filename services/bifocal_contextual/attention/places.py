"""Where in a model attention is computed and where its output goes: found by watching one short pass.

Names say little: `self_attn_layer_norm` acts after the attention in BART and before it in mBART, and
`post_attention_layernorm` takes the sum with the residual in Llama and the bare output in Gemma 3. So
an output projection is what takes the heads' outputs, and its norm what takes the projection's output
plus a tensor seen before, to the last bit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
from torch import nn

from bifocal_contextual.attention.call import AttentionCall
from bifocal_contextual.attention.tap import listening

#: Tensors that differ by less, norm over norm, are the same but for rounding (bfloat16 included).
_ROUNDING = 0.05


class Side(StrEnum):
    """Which words attend to which."""

    ENCODER = "encoder"
    """Those of the text that is read, to each other: an encoder, or the only stack of a model with one."""
    DECODER = "decoder"
    """Those of the target, to each other."""
    CROSS = "cross"
    """Those of the target, to those of the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionPlace:
    """One attention of a pass.

    `layer` counts the attention of its side, from 0. `output` ``(heads, size, width)`` is the part of the
    output projection that each head goes through and `output_bias` ``(width,)`` its bias, both float32;
    `block` the transformer block around it; `norm` what receives attention output plus residual, and
    `norm_ends` whether the block's norms close its sub-layers (post-norm, as in BERT) rather than open
    them. None stands for what an architecture does not have: such a norm, where attention and
    feed-forward run side by side (Phi) or the output is normed before it is added (Gemma 3); such an
    output, where it is gated.
    """

    module: nn.Module
    side: Side
    layer: int
    n_heads: int
    output: torch.Tensor | None
    output_bias: torch.Tensor | None
    block: nn.Module | None
    norm: nn.Module | None
    norm_ends: bool


def find_places(model: nn.Module, run: Callable[[], object]) -> list[AttentionPlace]:
    """Attention in the order in which `run`, a short pass, computes it; empty if it cannot be heard.

    Every pass computes it in that order. A model that shares its layers (ALBERT) has one module at
    several places.
    """
    pass_ = _watch(model, run)
    parents = {child: parent for parent in model.modules() for child in parent.children()}
    sides = [side_of(heard.module) for heard in pass_.heard]
    if Side.CROSS not in sides:  # one stack, whatever its modules would be in another model
        sides = [Side.ENCODER] * len(sides)
    bounds = [0, *(heard.at for heard in pass_.heard), len(pass_.steps)]
    places = []
    for number, heard in enumerate(pass_.heard):
        before = pass_.steps[bounds[number] : heard.at]
        after = pass_.steps[heard.at : bounds[number + 2]]
        block = _block(heard.module, parents)
        projection, output, bias = _projection(heard, after)
        norm = None if projection is None else _norm(projection, before, after)
        places.append(
            AttentionPlace(
                module=heard.module,
                side=sides[number],
                layer=sides[:number].count(sides[number]),
                n_heads=heard.n_heads,
                output=output,
                output_bias=bias,
                block=block,
                norm=norm,
                norm_ends=norm is not None and _ends_in_norm(block, pass_.steps[heard.at :]),
            )
        )
    return places


def side_of(module: nn.Module) -> Side:
    """The side of an encoder–decoder that an attention module is on, as it says itself."""
    if getattr(module, "is_cross_attention", False):
        return Side.CROSS
    if not getattr(module, "is_decoder", False):
        return Side.ENCODER
    return Side.DECODER if getattr(module, "is_causal", False) else Side.CROSS


@dataclass(frozen=True, slots=True)
class _Step:
    """A module that ran: the first tensor that it took, and that it gave."""

    module: nn.Module
    taken: torch.Tensor | None
    given: torch.Tensor | None

    @property
    def is_norm(self) -> bool:
        return "norm" in type(self.module).__name__.lower()


@dataclass(frozen=True, slots=True)
class _Heard:
    """Attention computed after `at` steps; `mixed` ``(batch, pieces, heads * size)`` is its output."""

    module: nn.Module
    at: int
    n_heads: int
    mixed: torch.Tensor


class _Pass:
    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self.heard: list[_Heard] = []

    def hear(self, call: AttentionCall) -> None:
        mixed = torch.matmul(call.weights().to(call.value.dtype), call.value).transpose(1, 2).flatten(2)
        self.heard.append(_Heard(call.module, len(self.steps), call.value.shape[1], mixed))

    def step(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        outputs = output if isinstance(output, tuple) else (output,)
        self.steps.append(_Step(module, _first_tensor((*args, *kwargs.values())), _first_tensor(outputs)))


def _watch(model: nn.Module, run: Callable[[], object]) -> _Pass:
    watched = _Pass()
    hooks = [module.register_forward_hook(watched.step, with_kwargs=True) for module in model.modules()]
    try:
        with torch.inference_mode(), listening(watched):
            run()
    finally:
        for hook in hooks:
            hook.remove()
    return watched


def _first_tensor(values: Iterable[object]) -> torch.Tensor | None:
    return next((value for value in values if isinstance(value, torch.Tensor)), None)


def _block(module: nn.Module, parents: dict[nn.Module, nn.Module]) -> nn.Module | None:
    # The outermost list is that of the blocks: T5's blocks list their sub-layers, ALBERT's groups layers.
    block = None
    while module in parents:
        block = module if isinstance(parents[module], nn.ModuleList) else block
        module = parents[module]
    return block


def _projection(
    heard: _Heard, after: list[_Step]
) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
    """What the projection put out, its weight by head, its bias."""
    for step in after:
        weight = getattr(step.module, "weight", None)
        if weight is None or step.given is None or not _same(step.taken, heard.mixed):
            continue
        weight, bias = weight.detach().float(), getattr(step.module, "bias", None)
        bias = None if bias is None else bias.detach().float()
        for from_heads in (weight.T, weight):  # GPT-2's Conv1D keeps its weight input first
            if from_heads.shape != (heard.mixed.shape[-1], step.given.shape[-1]):
                continue
            again = heard.mixed.float() @ from_heads
            if _same(again if bias is None else again + bias, step.given):
                return step.given, from_heads.unflatten(0, (heard.n_heads, -1)), bias
    return None, None, None


def _norm(projected: torch.Tensor, before: list[_Step], after: list[_Step]) -> nn.Module | None:
    residuals = [tensor for step in before for tensor in (step.taken, step.given) if tensor is not None]
    residuals = [tensor for tensor in residuals if tensor.shape == projected.shape]
    for step in after:
        taken = step.taken
        if step.is_norm and taken is not None and any(torch.equal(taken, projected + r) for r in residuals):
            return step.module
    return None


def _ends_in_norm(block: nn.Module | None, onwards: list[_Step]) -> bool:
    end = next((number for number, step in enumerate(onwards) if step.module is block), 0)
    put_out = onwards[end].given
    norms = [step.given for step in onwards[:end] if step.is_norm and step.given is not None]
    return put_out is not None and any(torch.equal(put_out, given) for given in norms)


def _same(tensor: torch.Tensor | None, other: torch.Tensor) -> bool:
    if tensor is None or tensor.shape != other.shape or not tensor.is_floating_point():
        return False
    difference = torch.linalg.vector_norm(tensor.float() - other.float())
    return bool(difference <= _ROUNDING * torch.linalg.vector_norm(other.float()))
