"""Sentence pairs through the heads: each layer's weights become a few channels at once.

A channel is linear in functions of the weights both ways, so nothing of size heads × pairs outlives
its layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.attention import AttentionCall, heads_by_layer
from bifocal_contextual.batches import Batch, Place
from bifocal_contextual.catalogue.arcs import (
    FLOOR,
    LINEAR_SCALE,
    LOG_SCALE,
    LOG_SHIFT,
    N_SPECIAL_WAYS,
    ArcWeights,
)
from bifocal_contextual.model import Transformer
from bifocal_contextual.pairs.layout import BatchShape, PairLayout, WordPairs
from bifocal_contextual.pooling import PREFIX, SUFFIX

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def log_feature(weights: torch.Tensor) -> torch.Tensor:
    """Weights on a logarithmic scale, computed in place."""
    return weights.add_(FLOOR).log_().mul_(LOG_SCALE).add_(LOG_SHIFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcProjection:
    """From heads' weights to channels.

    Shapes: `heads` ``(n_heads,)``, those that take part, by layer; `pair` ``(2 · channels, 2 · n_heads)``,
    log features before raw ones, channels of the pair before those of its reverse; `special`
    ``(words' channels, N_SPECIAL_WAYS · n_heads)``.
    """

    heads: dict[int, tuple[int, ...]]
    numbers: tuple[int, ...]
    """The same heads numbered through all layers, in the order in which they are heard."""
    pair: torch.Tensor
    special: torch.Tensor

    @classmethod
    def of(cls, weights: ArcWeights, n_heads: Sequence[int]) -> "ArcProjection":
        """A catalogue's weights, for a model with `n_heads` in each layer."""
        by_layer = heads_by_layer(weights.heads, n_heads)
        # Heads are heard layer by layer, whatever their order in the catalogue.
        first = np.cumsum([0, *n_heads])
        heard = [int(first[layer]) + head for layer, heads in by_layer.items() for head in heads]
        order = [weights.heads.index(head) for head in heard]
        pair = weights.pair.reshape(2, len(order), -1)[:, order].reshape(2 * len(order), -1)
        special = weights.special.reshape(N_SPECIAL_WAYS, len(order), -1)[:, order]
        return cls(
            heads=by_layer,
            numbers=tuple(heard),
            pair=torch.from_numpy(np.ascontiguousarray(pair.T)),
            special=torch.from_numpy(
                np.ascontiguousarray(special.reshape(N_SPECIAL_WAYS * len(order), -1).T)
            ),
        )

    @property
    def n_heads(self) -> int:
        """Heads that take part."""
        return len(self.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowArcs:
    """Channels of one window.

    Shapes: `pairs` ``(n,)``, places among the document's sentence pairs; `channels` ``(2, channels, n)``,
    first with the earlier word as the dependent, then with the later one; `words` ``(words' channels,
    n_words)``; `features` ``(2, 2, heads, n)``, by function and direction, where they are to be kept.
    """

    pairs: Ints
    channels: Floats
    words: Floats
    features: Floats | None = None


class ArcReader:
    """Reads channels of sentence pairs; `pairs` has those of each document, i < j."""

    def __init__(
        self,
        transformer: Transformer,
        projection: ArcProjection,
        pairs: Sequence[tuple[Ints, Ints]],
        *,
        keep_features: bool = False,
    ) -> None:
        self._transformer = transformer
        self._projection = projection
        self._pairs = pairs
        self._keep_features = keep_features

    def open(self, batch: Batch) -> "_Hearing":
        """Begin with a batch."""
        inside = [self._inside(place) for place in batch.places]
        return _Hearing(self._transformer, self._projection, batch, inside, keep_features=self._keep_features)

    def _inside(self, place: Place) -> tuple[Ints, WordPairs]:
        i, j = self._pairs[place.document]
        window = place.window
        low, high = np.searchsorted(i, [window.first_word, window.end_word])
        chosen = low + np.flatnonzero(j[low:high] < window.end_word)
        return chosen, WordPairs(i[chosen] - window.first_word, j[chosen] - window.first_word)


class _Hearing:
    def __init__(
        self,
        transformer: Transformer,
        projection: ArcProjection,
        batch: Batch,
        inside: Sequence[tuple[Ints, WordPairs]],
        *,
        keep_features: bool,
    ) -> None:
        self._projection = projection
        self._keep_features = keep_features
        self._inside = inside
        shape = BatchShape.of(batch, transformer)
        self._pairs = PairLayout(batch.places, [_both_ways(pairs) for _, pairs in inside], shape)
        self._ways = PairLayout(batch.places, [_ways(place.n_words) for place in batch.places], shape)
        n_heads = projection.n_heads
        # One matrix product at the end is cheaper than one a layer, whose sums are larger than their terms.
        self._features = torch.empty(2, n_heads, self._pairs.n_pairs)
        self._special = torch.empty(n_heads, self._ways.n_pairs)
        self._n_heard = 0

    def hear(self, call: AttentionCall) -> None:
        heads = self._projection.heads.get(call.layer)
        if heads is None:
            return
        weights = call.weights(heads)
        own = slice(self._n_heard, self._n_heard + len(heads))
        self._n_heard += len(heads)
        raw = self._pairs.pooled(weights).cpu()
        torch.mul(raw, LINEAR_SCALE, out=self._features[1, own])
        self._features[0, own] = log_feature(raw)
        self._special[own] = log_feature(self._ways.pooled(weights)).cpu()

    def results(self) -> list[WindowArcs]:
        return [
            WindowArcs(
                pairs=chosen,
                channels=self._channels(row, len(chosen)),
                words=self._words(row),
                features=self._kept(row),
            )
            for row, (chosen, _) in enumerate(self._inside)
        ]

    def _channels(self, row: int, n_pairs: int) -> Floats:
        start = int(self._pairs.bounds[row])
        features = self._features.flatten(0, 1)
        there = features[:, start : start + n_pairs]
        back = features[:, start + n_pairs : start + 2 * n_pairs]
        ahead, behind = self._projection.pair.chunk(2)
        both = torch.empty(2, len(ahead), n_pairs)
        for own, one, other in ((both[0], there, back), (both[1], back, there)):
            torch.mm(ahead, one, out=own).addmm_(behind, other)
        channels: Floats = both.numpy()
        return channels

    def _kept(self, row: int) -> Floats | None:
        if not self._keep_features:
            return None
        own = self._features[:, :, self._pairs.bounds[row] : self._pairs.bounds[row + 1]].numpy()
        return own.reshape(2, own.shape[1], 2, -1).swapaxes(1, 2).copy()

    def _words(self, row: int) -> Floats:
        own = self._special[:, self._ways.bounds[row] : self._ways.bounds[row + 1]].numpy()
        n_heads, n_words = len(own), own.shape[1] // N_SPECIAL_WAYS
        by_way = own.reshape(n_heads, N_SPECIAL_WAYS, n_words).swapaxes(0, 1).reshape(-1, n_words)
        words: Floats = self._projection.special.numpy() @ by_way
        return words


def _both_ways(pairs: WordPairs) -> WordPairs:
    return WordPairs(np.concatenate([pairs.i, pairs.j]), np.concatenate([pairs.j, pairs.i]))


def _ways(n_words: int) -> WordPairs:
    words = np.arange(n_words)
    first, last = np.full(n_words, n_words + PREFIX), np.full(n_words, n_words + SUFFIX)
    return WordPairs(np.concatenate([words, first, words, last]), np.concatenate([first, words, last, words]))
