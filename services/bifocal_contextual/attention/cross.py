"""A text and its translation, read by an encoder–decoder: which words of one attend to which of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from bifocal.errors import InvalidOptions, ModelUnavailable
from bifocal_contextual.attention.call import AttentionCall
from bifocal_contextual.attention.places import Side, side_of
from bifocal_contextual.attention.tap import listening
from bifocal_contextual.pieces import Pieces

if TYPE_CHECKING:
    from bifocal_contextual.model import Transformer

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossReading:
    """Attention weights of one pass over a source and its target, rows summing to one.

    Shapes: `encoder` ``(layers, heads, from_source, to_source)``, `decoder` ``(layers, heads, from_target,
    to_target)``, `cross` ``(layers, heads, from_target, to_source)``, all float32 and special tokens
    included: piece k of the source is at `first_source` + k, piece k of the target at `first_target` + k.
    """

    encoder: torch.Tensor
    decoder: torch.Tensor
    cross: torch.Tensor
    first_source: int
    first_target: int


class _Sides:
    def __init__(self) -> None:
        self.layers: dict[Side, list[torch.Tensor]] = {side: [] for side in Side}

    def hear(self, call: AttentionCall) -> None:
        self.layers[side_of(call.module)].append(call.weights()[0].float().cpu())


def read_translation(
    transformer: Transformer, source_ids: Sequence[int], target_ids: Sequence[int]
) -> CrossReading:
    """Read a source and a given target, both as pieces without special tokens.

    The decoder reads the target behind its start token, as in training, so that its row for piece k
    has read the pieces up to k and predicts piece k + 1.

    Raises:
        InvalidOptions: the model has no decoder, or a text is longer than it takes.
        ModelUnavailable: its decoder's attention cannot be told from its cross-attention.
    """
    config = transformer.model.config
    start = getattr(config, "decoder_start_token_id", None)
    if not config.is_encoder_decoder or start is None:
        raise InvalidOptions(
            f"{transformer.name!r} ({config.model_type}) has no decoder to read a translation with; choose "
            "an encoder–decoder, as T5, BART or Marian"
        )
    source = [*transformer.prefix, *source_ids, *transformer.suffix]
    target = [start, *transformer.prefix, *target_ids]
    longest = max(len(source), len(target))
    if longest > transformer.window_tokens:
        raise InvalidOptions(
            f"{transformer.name!r} takes at most {transformer.window_tokens} pieces of a text, special "
            f"tokens included; here are {longest}"
        )
    sides = _Sides()
    with torch.inference_mode(), listening(sides):
        transformer.model(
            input_ids=torch.tensor([source], device=transformer.device),
            decoder_input_ids=torch.tensor([target], device=transformer.device),
            use_cache=False,
        )
    n_cross = len(sides.layers[Side.CROSS])
    if not n_cross or n_cross != len(sides.layers[Side.DECODER]):
        raise ModelUnavailable(
            f"the decoder of {transformer.name!r} ({config.model_type}) does not say which of its attention "
            "is cross-attention"
        )
    return CrossReading(
        encoder=torch.stack(sides.layers[Side.ENCODER]),
        decoder=torch.stack(sides.layers[Side.DECODER]),
        cross=torch.stack(sides.layers[Side.CROSS]),
        first_source=len(transformer.prefix),
        first_target=1 + len(transformer.prefix),
    )


def relate_words(
    reading: CrossReading, source: Pieces, target: Pieces, heads: Sequence[tuple[int, int]]
) -> Floats:
    """Mean weight over some (layer, head) pairs of cross-attention, ``(target_words, source_words)``.

    Row i is what the decoder attends to where it has read word i, not where it is about to produce
    it, one piece earlier: these rows align words better (Chen et al. 2020, "Accurate Word Alignment
    Induction from Neural Machine Translation"). Summed over the pieces of the word attended to,
    averaged over those attending. What went to special tokens is left out, so a row sums to at most
    one, and to zero for a word without pieces.

    Raises:
        InvalidOptions: there is no such layer or head, or none is named.
    """
    n_layers, n_heads = reading.cross.shape[:2]
    unknown = [pair for pair in heads if not (0 <= pair[0] < n_layers and 0 <= pair[1] < n_heads)]
    if unknown or not heads:
        raise InvalidOptions(
            f"cross-attention has layers 0 to {n_layers - 1} and heads 0 to {n_heads - 1}; "
            f"name at least one (layer, head) pair of these, not {unknown}"
        )
    layers, chosen = zip(*heads, strict=True)
    weights = reading.cross[list(layers), list(chosen)].mean(dim=0).numpy()
    from_target = slice(reading.first_target, reading.first_target + len(target.ids))
    to_source = slice(reading.first_source, reading.first_source + len(source.ids))
    attending, attended = _shares(target), _shares(source)
    pieces_of_word = attending.sum(axis=0)[:, None]
    summed = attending.T @ weights[from_target, to_source] @ attended
    related: Floats = np.divide(summed, pieces_of_word, out=np.zeros_like(summed), where=pieces_of_word > 0)
    return related


def _shares(pieces: Pieces) -> Floats:
    """How much of each piece belongs to each word, ``(pieces, words)``."""
    shares = np.zeros((len(pieces.ids), len(pieces.first)), dtype=np.float32)
    shares[pieces.piece, pieces.word] = pieces.share
    return shares
