"""Heads numbered through all layers, as catalogues have them, and layer by layer, as models have them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def heads_by_layer(heads: Sequence[int], n_heads: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Heads numbered through all layers, as heads of each layer that has any, layers and heads rising."""
    first = np.cumsum([0, *n_heads])
    layers = np.searchsorted(first, heads, side="right") - 1
    return {
        int(layer): tuple(sorted(int(h - first[layer]) for h in np.asarray(heads)[layers == layer]))
        for layer in np.unique(layers)
    }


def layer_and_head(numbers: Ints, n_heads: Sequence[int]) -> tuple[Ints, Ints]:
    """Layer and head, both from 1, of heads numbered through all layers from 0; any shape."""
    first = np.cumsum([0, *n_heads])
    layer = np.searchsorted(first, numbers, side="right")
    return layer, numbers - first[layer - 1] + 1
