"""Pronouns and the words before them through the heads, for what a pronoun refers to.

Pronouns are few, so what they attend to can be had from every head at little cost; what attends to
them would need whole matrices, and is read from the catalogue's dozen alone in the fast profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.attention import AttentionCall, heads_by_layer
from bifocal_contextual.batches import Batch, Place
from bifocal_contextual.catalogue.references import FeatureScale, ReferenceWeights
from bifocal_contextual.model import Transformer
from bifocal_contextual.pairs.layout import BatchShape, PairLayout, WordPairs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def reference_pairs(
    pronoun: npt.NDArray[np.bool_], candidate: npt.NDArray[np.bool_], reach: int
) -> tuple[Ints, Ints]:
    """Pronouns ``i`` and the candidates ``j < i`` at most `reach` words before them; masks ``(n_words,)``."""
    words = np.flatnonzero(candidate)
    pronouns = np.flatnonzero(pronoun)
    low, high = np.searchsorted(words, pronouns - reach), np.searchsorted(words, pronouns)
    count = high - low
    step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(pronouns, count), words[np.repeat(low, count) + step]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceProjection:
    """From heads' weights to one score.

    `heads` are read both ways and `row_heads`, from every head of a layer, from the pronoun only.
    Shapes: `there` and `back` ``(n_layers, heads of the layer)``, zero where a head has no say.
    """

    heads: dict[int, tuple[int, ...]]
    rows: frozenset[int]
    there: tuple[torch.Tensor, ...]
    back: tuple[torch.Tensor, ...]
    scale: FeatureScale

    @classmethod
    def of(cls, weights: ReferenceWeights, n_heads: Sequence[int]) -> "ReferenceProjection":
        """A catalogue's ranker of words, for a model with `n_heads` in each layer."""
        sides = {"forward": np.zeros(sum(n_heads)), "backward": np.zeros(sum(n_heads))}
        for group in weights.words.attention:
            sides[group.direction][list(group.heads)] += group.weights
        there, back = (
            tuple(
                torch.tensor(layer, dtype=torch.float32) for layer in np.split(side, np.cumsum(n_heads)[:-1])
            )
            for side in sides.values()
        )
        both = heads_by_layer(sorted(set(weights.heads)), n_heads)
        rows = heads_by_layer(sorted(set(weights.row_heads)), n_heads)
        return cls(heads=both, rows=frozenset(rows), there=there, back=back, scale=weights.scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowReferences:
    """Scores of one window.

    Shapes: `pairs` ``(n,)``, places among the document's reference pairs; `scores` ``(n,)``; `added`
    ``(heads of all layers, n)``, what each head adds to them, where that is to be kept.
    """

    pairs: Ints
    scores: Floats
    added: Floats | None = None


class ReferenceReader:
    """Reads scores of reference pairs; `pairs` has those of each document."""

    def __init__(
        self,
        transformer: Transformer,
        projection: ReferenceProjection,
        pairs: Sequence[tuple[Ints, Ints]],
        *,
        keep_added: bool = False,
    ) -> None:
        self._transformer = transformer
        self._projection = projection
        self._pairs = pairs
        self._keep_added = keep_added

    def open(self, batch: Batch) -> "_Hearing":
        """Begin with a batch."""
        inside = [self._inside(place) for place in batch.places]
        return _Hearing(self._transformer, self._projection, batch, inside, keep_added=self._keep_added)

    def _inside(self, place: Place) -> tuple[Ints, WordPairs]:
        i, j = self._pairs[place.document]
        window = place.window
        low, high = np.searchsorted(i, [window.first_word, window.end_word])
        chosen = low + np.flatnonzero(j[low:high] >= window.first_word)
        return chosen, WordPairs(i[chosen] - window.first_word, j[chosen] - window.first_word)


class _Hearing:
    def __init__(
        self,
        transformer: Transformer,
        projection: ReferenceProjection,
        batch: Batch,
        inside: Sequence[tuple[Ints, WordPairs]],
        *,
        keep_added: bool,
    ) -> None:
        self._projection = projection
        self._inside = inside
        shape = BatchShape.of(batch, transformer)
        there = [pairs for _, pairs in inside]
        back = [WordPairs(pairs.j, pairs.i) for pairs in there]
        self._there = PairLayout(batch.places, there, shape)
        self._back = PairLayout(batch.places, back, shape)
        self._rows = PairLayout(batch.places, there, shape, rows_only=True)
        self._scores = torch.zeros(self._there.n_pairs)
        self._first = np.cumsum([0, *transformer.n_heads])
        self._added = torch.zeros(int(self._first[-1]), self._there.n_pairs) if keep_added else None

    def hear(self, call: AttentionCall) -> None:
        if not self._there.n_pairs:
            return
        layer = call.layer
        there, back = self._projection.there[layer], self._projection.back[layer]
        heads = self._projection.heads.get(layer, ())
        if layer in self._projection.rows:
            rows = [torch.from_numpy(pieces).to(call.value.device) for pieces in self._rows.rows]
            self._add(layer, range(call.n_heads), self._rows.pooled(call.row_weights(rows)), there)
        elif heads:
            self._add(layer, heads, self._there.pooled(call.weights(heads)), there)
        if heads:
            self._add(layer, heads, self._back.pooled(call.weights(heads)), back)

    def _add(self, layer: int, heads: Sequence[int], pooled: torch.Tensor, weights: torch.Tensor) -> None:
        scale, own = self._projection.scale, weights[list(heads)]
        features = pooled.cpu().add_(scale.floor).log_().add_(scale.shift).div_(scale.spread)
        self._scores += own @ features
        if self._added is not None:
            self._added[self._first[layer] + np.array(heads)] += own[:, None] * features

    def results(self) -> list[WindowReferences]:
        scores, bounds = self._scores.numpy(), self._there.bounds
        return [
            WindowReferences(
                pairs=chosen,
                scores=scores[bounds[row] : bounds[row + 1]],
                added=None if self._added is None else self._added[:, bounds[row] : bounds[row + 1]].numpy(),
            )
            for row, (chosen, _) in enumerate(self._inside)
        ]
