"""Which lexical relation two words have, from their static vectors alone.

A layer of rectifiers over both vectors, their products and their differences, read once in each order
of the two words; these are the features of Weeds et al. 2014 (https://aclanthology.org/C14-1212). Trained
on lists, such a classifier learns in part which words are typical for a kind (Levy et al. 2015,
https://aclanthology.org/N15-1098), so a catalogue has its figures on words that no training pair held,
and tells only those kinds that stand there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from bifocal.errors import ModelUnavailable
from bifocal_gateway.merge.arcs_static import Floats, Ints, read_arrays, write_arrays
from bifocal_gateway.merge.lexical_record import (
    LexicalCalibration,
    LexicalFigures,
    LexicalLeftOut,
    LexicalSource,
    plain,
    record,
)

_FORMAT = "bifocal-lexical-probe-1"

#: Where no kind is told.
NO_KIND = -1

#: Pairs computed together; what a block needs fits into a processor's cache.
_BLOCK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalKinds:
    """The kind of each pair, all ``(n,)``.

    `kind` is a place in `LexicalProbe.kinds`, or `NO_KIND`; `direction` is 1 where the second word is
    what the kind says of the first (its hypernym, its part), -1 where the first is of the second, 0 where
    a kind has no direction or there is none; `probability` is 0 where there is none.
    """

    kind: Ints
    direction: Ints
    probability: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalProbe:
    """Kinds of lexical relations and their probabilities.

    A probability answers: would the lists that the probe was fitted on name this pair so? It holds for
    pairs that the static lens marks in running text like that of `calibration`, of words that the lists
    know; with other words, or among pairs picked otherwise, it is off. Lists are incomplete, so more
    pairs have the relation than they name. A word has one vector for all its senses, and the kind may
    hold for another sense than the text's.

    Shapes: `first` and `second`, what the hidden layer takes from the word that a kind is asked of and
    from the other, ``(size, hidden)``; `product` and `difference`, what it takes from the vectors'
    product and absolute difference, ``(size, hidden)``; `bias` ``(hidden,)``; `output`
    ``(hidden, outcomes)`` and `output_bias` ``(outcomes,)``, an outcome for each directed kind, then for
    each undirected one, then for none of them. The calibration is part of the weights.
    """

    source: LexicalSource
    directed: tuple[str, ...]
    undirected: tuple[str, ...]
    told: tuple[LexicalFigures, ...]
    """Kinds that may be claimed."""
    left_out: tuple[LexicalLeftOut, ...]
    calibration: LexicalCalibration
    first: Floats
    second: Floats
    product: Floats
    difference: Floats
    bias: Floats
    output: Floats
    output_bias: Floats

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds: the directed ones first."""
        return (*self.directed, *self.undirected)

    @classmethod
    def load(cls, path: Path) -> "LexicalProbe":
        """From the file that `save` wrote.

        Raises:
            ModelUnavailable: the file is not there or not such a file.
        """
        arrays, metadata = read_arrays(path)
        if metadata.get("format") != _FORMAT:
            raise ModelUnavailable(f"{path}: is no lexical probe of format {_FORMAT}")
        try:
            return cls(**record(metadata), **{name: arrays[name] for name in _ARRAYS})
        except (KeyError, ValueError, TypeError) as error:
            raise ModelUnavailable(f"{path}: is no lexical probe: {error!r}") from error

    def save(self, path: Path) -> None:
        """Write one safetensors file, the same bytes for the same probe."""
        described = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in _ARRAYS
        }
        metadata = {name: plain(value) for name, value in described.items()}
        write_arrays(path, {name: getattr(self, name) for name in _ARRAYS}, {"format": _FORMAT, **metadata})

    def probabilities(self, vectors: Floats, i: Ints, j: Ints) -> Floats:
        """Probability of every outcome of each pair, ``(n, 2 · directed + undirected + 1)``.

        In this order: each directed kind from `i` to `j`, each from `j` to `i`, each undirected kind, none.
        A pair's are the same to the last bit whatever other pairs there are.

        Args:
            vectors: a document's word types ``(types, size)``, unit length, as the static lens sends them.
            i: type of each pair's first word ``(n,)``.
            j: of its second ``(n,)``.
        """
        found = np.empty((len(i), 2 * len(self.directed) + len(self.undirected) + 1), dtype=np.float32)
        for start, block in self._blocks(vectors, i, j):
            found[start : start + block.shape[1]] = block.T
        return found

    def tell(self, vectors: Floats, i: Ints, j: Ints, *, least_probability: float) -> LexicalKinds:
        """The likeliest kind of each pair, if it may be told and has at least that probability.

        Below a half, none of them may be likelier still. Words change places with their directions, and
        nothing else changes. The other arguments are those of `probabilities`.
        """
        n_directed, n_kinds = len(self.directed), len(self.kinds)
        trusted = {one.name for one in self.told}
        told = np.array([name in trusted for name in self.kinds], dtype=np.bool_)
        kind = np.full(len(i), NO_KIND, dtype=np.int64)
        direction, probability = np.zeros(len(i), dtype=np.int64), np.zeros(len(i), dtype=np.float32)
        for start, block in self._blocks(vectors, i, j):
            here = slice(start, start + block.shape[1])
            there, back, rest = np.split(block, [n_directed, 2 * n_directed])
            best = np.concatenate([np.maximum(there, back), rest[:-1]])
            likeliest = best.argmax(axis=0)
            pairs = np.arange(len(likeliest))
            # Of a word with itself neither direction is the likelier: nothing can be told.
            way = np.zeros((n_kinds, len(pairs)), dtype=np.int64)
            way[:n_directed] = np.sign(there - back)
            way = way[likeliest, pairs]
            tells = told[likeliest] & ((likeliest >= n_directed) | (way != 0))
            tells &= best[likeliest, pairs] >= np.float32(least_probability)
            kind[here] = np.where(tells, likeliest, NO_KIND)
            direction[here] = np.where(tells, way, 0)
            probability[here] = np.where(tells, best[likeliest, pairs], 0)
        return LexicalKinds(kind=kind, direction=direction, probability=probability)

    def _blocks(self, vectors: Floats, i: Ints, j: Ints) -> Iterator[tuple[int, Floats]]:
        """Probabilities of some pairs at a time ``(outcomes, pairs)``, with the number of the first.

        Only numbers at the same place are ever multiplied and added, one after the other: a matrix
        product orders its sums by the size of the matrix, and a pair must not depend on its company.
        """
        vectors = np.asarray(vectors, dtype=np.float32)
        columns = np.ascontiguousarray(vectors.T)
        first, second = _weighed(columns, self.first), _weighed(columns, self.second)
        for start in range(0, len(i), _BLOCK):
            a, b = i[start : start + _BLOCK], j[start : start + _BLOCK]
            left, right = columns[:, a], columns[:, b]
            shared = _weighed(left * right, self.product)
            shared += _weighed(np.abs(left - right), self.difference)
            shared += self.bias[:, None]
            there, back = (self._outcomes(first[:, x] + second[:, y] + shared) for x, y in ((a, b), (b, a)))
            yield start, self._normalised(there, back)

    def _outcomes(self, hidden: Floats) -> Floats:
        """Scores of outcomes in one order ``(outcomes, pairs)``; overwrites what it is given."""
        scores = _weighed(np.maximum(hidden, 0, out=hidden), self.output)
        scores += self.output_bias[:, None]
        return scores

    def _normalised(self, there: Floats, back: Floats) -> Floats:
        """Probabilities from the scores of both orders, of which undirected outcomes have the sum."""
        n = len(self.directed)
        scores = np.concatenate([there[:n], back[:n], there[n:] + back[n:]])
        scores -= scores.max(axis=0)
        np.exp(scores, out=scores)
        # Both directions of a kind are added first, so that the sum is the same with the words swapped.
        total = np.zeros(scores.shape[1], dtype=np.float32)
        for one in (*(scores[:n] + scores[n : 2 * n]), *scores[2 * n :]):
            total += one
        scores /= total
        return scores


_ARRAYS = ("first", "second", "product", "difference", "bias", "output", "output_bias")


def _weighed(values: Floats, weights: Floats) -> Floats:
    """``weights.T @ values``, ``(m, n)`` of ``(k, m)`` and ``(k, n)``, each column by itself."""
    found = np.zeros((weights.shape[1], values.shape[1]), dtype=np.float32)
    scratch = np.empty_like(found)
    for row, weight in zip(values, weights, strict=True):
        np.multiply(weight[:, None], row, out=scratch)
        found += scratch
    return found
