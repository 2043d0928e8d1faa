"""What static vectors alone say of head words: a deep biaffine scorer on vectors that know no context.

Dozat & Manning 2017, https://arxiv.org/abs/1611.01734, with a word's vector in the place of an LSTM's state.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bifocal.errors import ModelUnavailable

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: First and end word of a sentence.
Sentence = tuple[int, int]

#: Where the static probe's arrays are in a file that holds the joint one too.
STATIC_PREFIX = "static."

#: The one entry of a file's own metadata, which holds all of it as JSON.
_METADATA = "probe"

_IMPOSSIBLE = np.float32(-1e9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """A word's vector turned into what it is as a dependent and as a head, by one hidden layer of rectifiers.

    Shapes: `unknown` ``(size,)``, the vector of every unknown word; `hidden` ``(size, k)`` and
    `hidden_bias` ``(k,)``; `dependent` and `head` ``(k, r)``, their biases ``(r,)``.
    """

    unknown: Floats
    hidden: Floats
    hidden_bias: Floats
    dependent: Floats
    dependent_bias: Floats
    head: Floats
    head_bias: Floats

    def __call__(self, vectors: Floats, known: Bools) -> tuple[Floats, Floats]:
        """Both roles ``(n, r)`` of words with unit vectors ``(n, size)``, some of them `known` ``(n,)``."""
        hidden: Floats = np.where(known[:, None], vectors, self.unknown) @ self.hidden + self.hidden_bias
        np.maximum(hidden, 0, out=hidden)
        dependent: Floats = hidden @ self.dependent + self.dependent_bias
        head: Floats = hidden @ self.head + self.head_bias
        return dependent, head

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> "Roles":
        """From a file's arrays, by the fields' names."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def arrays(self) -> dict[str, Floats]:
        """The arrays by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticProbe:
    """Heads from vectors and distance alone.

    A role holds two bilinear parts, for heads before their dependent and for those behind it, what
    goes into rectifiers over pairs, how much the word wants a head (or, as a head, dependents) in each
    bucket of distances, and one number by itself: how much it is a root, or a head of whatever word.

    Shapes: `rectified` ``(n_rectified,)``, what each rectifier counts; `buckets` ``(2 · reach + 1,)``,
    the bucket of each offset from dependent to head, from ``-reach`` on. Heads farther away than
    `reach` are in its bucket, and none is farther than `farthest`.
    """

    roles: Roles
    rectified: Floats
    buckets: Ints
    farthest: int

    @classmethod
    def load(cls, path: Path) -> "StaticProbe":
        """From a joint probe's file.

        Raises:
            ModelUnavailable: the file is not there or not such a file.
        """
        arrays, metadata = read_arrays(path)
        try:
            return cls.of(arrays, metadata)
        except (KeyError, ValueError) as error:
            raise ModelUnavailable(f"{path}: is no probe: {error!r}") from error

    @classmethod
    def of(cls, arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> "StaticProbe":
        """From the arrays and metadata of a file.

        Raises:
            KeyError, ValueError: it holds no such probe.
        """
        own = {
            name.removeprefix(STATIC_PREFIX): array
            for name, array in arrays.items()
            if name.startswith(STATIC_PREFIX)
        }
        return cls(
            roles=Roles.of(own),
            rectified=own["rectified"],
            buckets=arrays["buckets"],
            farthest=int(metadata["farthest"]),
        )

    def arrays(self) -> dict[str, Any]:
        """The arrays by their names in a file."""
        own = {**self.roles.arrays(), "rectified": self.rectified}
        return {"buckets": self.buckets, **{STATIC_PREFIX + name: array for name, array in own.items()}}

    def log_probabilities(self, vectors: Floats, known: Bools, sentences: Sequence[Sentence]) -> list[Floats]:
        """Log-probability of each word's head, sentence by sentence ``(n, n + 1)``; the root comes last.

        Args:
            vectors: the document's words ``(words, size)``, unit length, as the static lens sends them.
            known: whether each word has a vector ``(words,)``.
            sentences: first and end word of each.
        """
        n_rectified, n_buckets = len(self.rectified), int(self.buckets.max()) + 1
        tail = (n_rectified, n_buckets, 1)
        (s, left, near, root), (t, right, near_head, head) = (
            split(role, tail) for role in self.roles(vectors, known)
        )
        found = []
        for first, end in sentences:
            here = slice(first, end)
            pair = bilinear(s[here], t[here]) + head[here, 0]
            pair += placed(near[here], near_head[here], bucket_of_pairs(self.buckets, end - first))
            pair += np.maximum(left[here, None] + right[None, here], 0) @ self.rectified
            found.append(log_softmax(pair, root[here, 0], self.farthest))
        return found


def split(role: Floats, tail: Sequence[int]) -> list[Floats]:
    """Columns of a role ``(n, r)``: what is left, and then parts of the sizes in `tail`, which end it."""
    ends = role.shape[1] - np.cumsum(tail[::-1])[::-1]
    return np.split(role, ends.tolist(), axis=1)


def bucket_of_pairs(buckets: Ints, n: int) -> Ints:
    """Bucket of the offset from each of n words to each ``(n, n)``; read-only."""
    if not n:
        return np.zeros((0, 0), dtype=np.int64)
    reach = len(buckets) // 2
    line = buckets[np.clip(np.arange(1 - n, n), -reach, reach) + reach]
    # Row i is the line from where its own offset of nought falls on column i.
    return np.lib.stride_tricks.sliding_window_view(line, n)[::-1]


def bilinear(dependent: Floats, head: Floats) -> Floats:
    """How well words go together ``(n, n)``, by their roles' bilinear parts ``(n, 2r)``.

    The first half is for heads before their dependent, the other for those behind.
    """
    size = dependent.shape[1] // 2
    before, behind = (dependent[:, part] @ head[:, part].T for part in (slice(None, size), slice(size, None)))
    fit: Floats = np.tril(before) + np.triu(behind, 1)
    fit /= np.float32(np.sqrt(size))
    return fit


def placed(dependent: Floats, head: Floats, bucket: Ints) -> Floats:
    """How much words want a head, and heads dependents, at their distance ``(n, n)``.

    Takes what each wants in each bucket ``(n, n_buckets)``, and the bucket of every pair.
    """
    place = np.arange(len(bucket))
    wanted: Floats = dependent[place[:, None], bucket]
    wanted += head[place[None], bucket]
    return wanted


def log_softmax(pair: Floats, root: Floats, farthest: int) -> Floats:
    """Scores of heads ``(n, n)`` and of the root ``(n,)`` as log-probabilities ``(n, n + 1)``.

    A word is not its own head, and none is farther than `farthest`.
    """
    n = len(root)
    scores = np.empty((n, n + 1), dtype=np.float32)
    scores[:, :n], scores[:, n] = pair, root
    np.fill_diagonal(scores[:, :n], _IMPOSSIBLE)
    if n > farthest:
        offsets = np.arange(n) - np.arange(n)[:, None]
        scores[:, :n][np.abs(offsets) > farthest] = _IMPOSSIBLE
    scores -= scores.max(axis=1, keepdims=True, initial=_IMPOSSIBLE)
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return scores


def write_arrays(path: Path, arrays: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """A safetensors file that `read_arrays` reads; the same bytes for the same content.

    Metadata is what JSON has names for.
    """
    # The order of several entries of metadata would change from one writing to the next.
    described = {_METADATA: json.dumps(dict(metadata), indent=1)}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, described)


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and metadata of a file that `write_arrays` wrote.

    Raises:
        ModelUnavailable: the file is not there or not such a file.
    """
    try:
        with safe_open(path, framework="numpy") as opened:
            arrays = {name: opened.get_tensor(name) for name in sorted(opened.keys())}
            return arrays, dict(json.loads((opened.metadata() or {})[_METADATA]))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelUnavailable(f"{path}: cannot be read: {error}") from error
