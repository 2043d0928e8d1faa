"""Value zeroing (Mohebbi et al. 2023, https://arxiv.org/abs/2301.12971), on chosen pairs, as an audit.

Attention tells where a head looks; zeroing one word's values tells what another word loses by it,
through everything else that the block does. It takes a pass of each block for each zeroed word, so it
is for the pairs that matter.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bifocal.lenses import AuditedPairs, ContextualOutput
from bifocal_contextual.attention import AttentionCall, Listeners, listening
from bifocal_contextual.batches import Place, padded
from bifocal_contextual.model import Transformer
from bifocal_contextual.pooling import links

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

#: Words zeroed together, each in a row of its own.
_ROWS = 16


def can_audit(transformer: Transformer) -> bool:
    """Whether values can be zeroed: the blocks are known, and attention goes through our function."""
    return all(
        place.block is not None and type(place.module).__name__ != "DisentangledSelfAttention"
        for place in transformer.places
    )


@torch.inference_mode()
def zeroed(transformer: Transformer, place: Place, changed: Ints, without: Ints) -> Floats:
    """How much each word in `changed` loses without the word in `without`, ``(n,)``, 0 to 2.

    Words count from the window's first. The change is 1 - cosine of a word's output vector with the
    other's values and with zeros instead, mean over its pieces and over the layers.
    """
    batch = padded([place], transformer)
    blocks = [_Block(attention.block) for attention in transformer.places if attention.block]
    with ExitStack() as hooks:
        for block in blocks:
            hooks.callback(block.watch().remove)
        with listening(Listeners()):
            transformer.network(input_ids=batch.ids, **transformer.pass_options)
    pieces = _pieces_of_words(place, len(transformer.prefix))
    zeroed_words, row_of = np.unique(without, return_inverse=True)
    change = np.zeros((len(blocks), len(changed)), dtype=np.float32)
    for layer, block in enumerate(blocks):
        for start in range(0, len(zeroed_words), _ROWS):
            rows = zeroed_words[start : start + _ROWS]
            distance = block.distance_without([pieces[word] for word in rows])
            for pair in np.flatnonzero((row_of >= start) & (row_of < start + len(rows))):
                own = pieces[changed[pair]]
                if len(own):
                    change[layer, pair] = float(distance[row_of[pair] - start, own].mean())
    mean: Floats = change.mean(axis=0)
    return mean


def audit_strongest(
    transformer: Transformer,
    output: ContextualOutput,
    candidate: npt.NDArray[np.bool_],
    places: Sequence[Place],
    n_pairs: int,
) -> AuditedPairs | None:
    """Audit the `n_pairs` pairs of candidate words with the highest lift of their distance, or fewer.

    A pair is audited in the first window that held it. None if the model does not allow it.
    """
    if not can_audit(transformer):
        return None
    i, j = _strongest(output, candidate, n_pairs)
    both = np.zeros((2, len(i)), dtype=np.float32)
    left = np.ones(len(i), dtype=np.bool_)
    for place in places:
        window = place.window
        own = np.flatnonzero(left & (i >= window.first_word) & (j < window.end_word))
        if not len(own):
            continue
        left[own] = False
        a, b = i[own] - window.first_word, j[own] - window.first_word
        change = zeroed(transformer, place, np.concatenate([a, b]), np.concatenate([b, a]))
        both[:, own] = change.reshape(2, -1)
    return AuditedPairs(i=i.astype(np.int32), j=j.astype(np.int32), i_without_j=both[0], j_without_i=both[1])


def _strongest(output: ContextualOutput, candidate: npt.NDArray[np.bool_], n_pairs: int) -> tuple[Ints, Ints]:
    width: Ints = output.width.astype(np.int64)
    offset: Ints = np.cumsum(width, dtype=np.int64) - width
    i: Ints = np.repeat(np.arange(len(width), dtype=np.int64), width)
    j = np.arange(len(i), dtype=np.int64) - offset[i] + output.first.astype(np.int64)[i]
    kept = (i < j) & candidate[i] & candidate[j]
    i, j = i[kept], j[kept]
    *_, percentile = output.compare(i, j)
    chosen = np.sort(np.argsort(-percentile, kind="stable")[:n_pairs])
    return i[chosen], j[chosen]


def _pieces_of_words(place: Place, n_prefix: int) -> list[Ints]:
    piece, word, _ = links(place)
    return [piece[word == number] + n_prefix for number in range(place.n_words)]


@dataclass
class _Block:
    """A transformer block with what went in and what came out."""

    block: nn.Module
    hidden: torch.Tensor | None = None
    rest: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    output: torch.Tensor | None = None

    def watch(self) -> Any:
        return self.block.register_forward_hook(self._keep, with_kwargs=True)

    def _keep(self, _: nn.Module, args: tuple[Any, ...], options: dict[str, Any], output: Any) -> None:
        options = dict(options)
        # Some blocks are handed their input by name.
        self.hidden = args[0] if args else options.pop("hidden_states")
        self.rest, self.options, self.output = args[1:], options, _tensor(output)

    def distance_without(self, pieces: Sequence[Ints]) -> torch.Tensor:
        """1 - cosine of every output ``(rows, pieces)``, with each row's pieces silenced."""
        if self.hidden is None or self.output is None:
            raise RuntimeError("the block was not run")
        repeated = self.hidden.expand(len(pieces), -1, -1).contiguous()
        with listening(_Silence(pieces)):
            output = _tensor(self.block(repeated, *self.rest, **self.options))
        return 1 - nn.functional.cosine_similarity(output.float(), self.output.float(), dim=-1)


class _Silence:
    def __init__(self, pieces: Sequence[Ints]) -> None:
        self._pieces = pieces

    def hear(self, call: AttentionCall) -> None:
        value = call.value.clone()
        for row, own in enumerate(self._pieces):
            value[row, :, own] = 0
        call.value = value


def _tensor(output: Any) -> torch.Tensor:
    found: torch.Tensor = output if isinstance(output, torch.Tensor) else output[0]
    return found
