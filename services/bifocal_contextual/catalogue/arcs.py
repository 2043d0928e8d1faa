"""What every head's weights say of the arc between a word and its head in the tree, kind by kind.

The attention-only half of the probe of Clark et al. 2019 (section 5, https://arxiv.org/abs/1906.04341),
with a kind to every arc: scores are linear in features of the weights in both directions, and all
kinds and heads of a word share one softmax. The same features feed the channels of the joint probe.
"""

from enum import StrEnum
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator

Floats = npt.NDArray[np.float32]

#: Weights below it are alike to the features; of the order of what is left over from a softmax.
FLOOR = 1e-4
#: Features of a weight: its scaled and shifted logarithm, and itself scaled; all about one in size.
LOG_SCALE, LOG_SHIFT, LINEAR_SCALE = 0.5, 3.0, 8.0
N_FEATURES = 2

#: What goes between a word and the special tokens: to and from the one before, to and from the one behind.
N_SPECIAL_WAYS = 4

#: First distance of each bucket on either side of a word, and the farthest of all candidates.
FIRST_DISTANCES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30)
N_BUCKETS = 2 * len(FIRST_DISTANCES) + 1
FARTHEST = 60

_DIGITS = 4


class Special(StrEnum):
    """Channels of a word by itself, in the order of `ArcWeights.special`'s columns."""

    ROOT = "root"
    HEAD = "head"
    JOINT_ROOT = "joint_root"
    JOINT_HEAD = "joint_head"


def _matrix(value: Any) -> Floats:
    matrix = np.array(value, dtype=np.float32)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError("not a matrix of finite numbers")
    matrix.flags.writeable = False
    return matrix


def _rows(matrix: Floats) -> list[list[float]]:
    return [[float(f"{number:.{_DIGITS}g}") for number in row] for row in matrix.tolist()]


#: A float32 matrix, in JSON a list of rows with four significant digits.
Matrix = Annotated[Floats, BeforeValidator(_matrix), PlainSerializer(_rows)]


class ArcWeights(BaseModel):
    """Linear weights from attention to arcs.

    Shapes, with h heads and c channels (the kinds and those of the joint probe):
    `pair` ``(2h, 2c)``, rows the logarithms of all heads and then the weights, columns what the weight
    of the dependent on the head adds to each channel and then what the reverse one does;
    `special` ``(4h, 4)``, rows the logarithms of word → prefix for all heads, prefix → word, word → suffix
    and suffix → word, columns `Special`; `distance` ``(N_BUCKETS, kinds)``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    heads: tuple[int, ...]
    """Heads as layer · heads a layer + head, from 0."""
    kinds: tuple[str, ...]
    n_mixed: int
    """Channels of the joint probe that compete; they follow the kinds'."""
    n_gated: int
    """Channels of the joint probe that words gate; they come last."""
    pair: Matrix
    special: Matrix
    distance: Matrix
    temperature: float
    """Divides the scores of kinds before the softmax, so that probabilities mean what they say."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        n_heads, n_kinds = len(self.heads), len(self.kinds)
        expected = {
            "pair": (N_FEATURES * n_heads, 2 * self.n_channels),
            "special": (N_SPECIAL_WAYS * n_heads, len(Special)),
            "distance": (N_BUCKETS, n_kinds),
        }
        for name, shape in expected.items():
            if (found := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} has the shape {found}, not {shape}")
        return self

    @property
    def n_channels(self) -> int:
        """Channels of a pair: the kinds, then the joint probe's."""
        return len(self.kinds) + self.n_mixed + self.n_gated

    def channels(self, weights: Floats) -> Floats:
        """Channels ``(n, n, n_channels)`` of the weights of `heads` between n words ``(n, n, h)``.

        The first axis is the dependent's in both.
        """
        forward, backward = np.split(pair_features(weights) @ self.pair, 2, axis=-1)
        channels: Floats = forward + backward.swapaxes(0, 1)
        return channels

    def special_channels(self, specials: Floats) -> Floats:
        """Channels ``(n, 4)``, in the order of `Special`, of weights with the special tokens ``(n, 4h)``."""
        channels: Floats = special_features(specials) @ self.special
        return channels

    def log_probabilities(self, channels: Floats, special: Floats) -> tuple[Floats, Floats]:
        """Log-probability of each head and kind ``(n, n, n_kinds)`` and of no head ``(n,)``, calibrated.

        Args:
            channels: of a sentence ``(n, n, n_channels)``; kinds come first, the others do not matter.
            special: of its words ``(n, 4)``.
        """
        n, n_kinds = len(special), len(self.kinds)
        names = list(Special)
        offsets = np.arange(n) - np.arange(n)[:, None]
        scores = np.empty((n, n * n_kinds + 1), dtype=np.float32)
        arcs = channels[..., :n_kinds] + self.distance[buckets(offsets)]
        arcs += special[:, names.index(Special.HEAD), None]
        arcs[~candidates(offsets)] = -1e9
        scores[:, :-1] = arcs.reshape(n, n * n_kinds)
        scores[:, -1] = special[:, names.index(Special.ROOT)]
        scores /= np.float32(self.temperature)
        scores -= scores.max(axis=1, keepdims=True, initial=-1e9)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return scores[:, :-1].reshape(n, n, n_kinds), scores[:, -1]


def pair_features(weights: Floats) -> Floats:
    """Features ``(…, 2h)`` of weights ``(…, h)``."""
    return np.concatenate([special_features(weights), np.float32(LINEAR_SCALE) * weights], axis=-1)


def special_features(specials: Floats) -> Floats:
    """Logarithms ``(…, k)`` of weights ``(…, k)``, scaled and shifted."""
    features: Floats = np.log(specials + np.float32(FLOOR))
    features *= np.float32(LOG_SCALE)
    features += np.float32(LOG_SHIFT)
    return features


def buckets(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Bucket of each offset from dependent to head, of any shape, from 0 for the farthest before the word."""
    side: npt.NDArray[np.int64] = np.searchsorted(FIRST_DISTANCES, np.abs(offsets), side="right")
    return len(FIRST_DISTANCES) + np.sign(offsets) * side


def candidates(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a word so far away can be a word's head at all, of any shape."""
    found: npt.NDArray[np.bool_] = (offsets != 0) & (np.abs(offsets) <= FARTHEST)
    return found
