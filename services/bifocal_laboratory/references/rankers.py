"""Scores and probabilities of candidates by the weights of a catalogue, and chains of pronouns."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from bifocal_contextual.catalogue.references import BLOCKS, DIRECTIONS, HeadWeights, MentionRanker
from bifocal_laboratory.references.strings import STRING_FEATURES

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Rows scored at a time, so that a copy in float32 stays small.
_ROWS = 32768
#: Digits of a weight in a catalogue.
_DIGITS = 4


def attention_columns(heads: Sequence[HeadWeights], n_heads: int) -> Floats:
    """Weights of the columns ``(blocks, 2, heads)``, flat; zero for what is not used."""
    columns = np.zeros((len(BLOCKS), len(DIRECTIONS), n_heads), dtype=np.float32)
    for group in heads:
        columns[BLOCKS.index(group.block), DIRECTIONS.index(group.direction), list(group.heads)] = (
            group.weights
        )
    return columns.reshape(-1)


def ranker_columns(ranker: MentionRanker, n_heads: int) -> Floats:
    """Weights of all columns of `Candidates.features`: attention, strings, and whether it is nothing."""
    strings = [ranker.strings.get(name, 0.0) for name in STRING_FEATURES]
    tail = np.array([*strings, ranker.null or 0.0], dtype=np.float32)
    return np.concatenate([attention_columns(ranker.attention, n_heads), tail])


def head_weights(columns: Floats, used: Bools, n_heads: int) -> tuple[HeadWeights, ...]:
    """The catalogue's form of fitted attention columns; those not in `used` are left out."""
    shape = (len(BLOCKS), len(DIRECTIONS), n_heads)
    size = int(np.prod(shape))
    weights, kept = columns[:size].reshape(shape), used[:size].reshape(shape)
    return tuple(
        HeadWeights(
            block=block,
            direction=direction,
            heads=tuple(np.flatnonzero(kept[b, d]).tolist()),
            weights=tuple(rounded(weight) for weight in weights[b, d, kept[b, d]]),
        )
        for b, block in enumerate(BLOCKS)
        for d, direction in enumerate(DIRECTIONS)
        if kept[b, d].any()
    )


def mention_ranker(
    columns: Floats, used: Bools, n_heads: int, *, threshold: float = 0.0, static: float = 0.0
) -> MentionRanker:
    """The catalogue's form of fitted columns."""
    tail, kept = columns[-len(STRING_FEATURES) - 1 :], used[-len(STRING_FEATURES) - 1 :]
    return MentionRanker(
        attention=head_weights(columns, used, n_heads),
        strings={n: rounded(w) for n, w, k in zip(STRING_FEATURES, tail, kept, strict=False) if k},
        null=rounded(tail[-1]) if kept[-1] else None,
        threshold=rounded(threshold),
        static=rounded(static),
    )


def rounded(value: float) -> float:
    """To the digits of a catalogue."""
    return float(f"{float(value):.{_DIGITS}g}")


def scores_of(features: npt.NDArray[np.floating], columns: Floats) -> Doubles:
    """Scores ``(n_rows,)`` of features ``(n_rows, n_columns)``, float16 or float32."""
    used = np.flatnonzero(columns)
    scores = np.zeros(len(features))
    for first in range(0, len(features), _ROWS):
        rows = slice(first, first + _ROWS)
        scores[rows] = features[rows][:, used].astype(np.float32) @ columns[used]
    return scores


def probabilities_of(scores: Doubles, item: Ints) -> Doubles:
    """Softmax over the rows of each item, both ``(n_rows,)``."""
    _, inverse = np.unique(item, return_inverse=True)
    if not len(inverse):
        return np.zeros(0)
    top = np.full(inverse.max() + 1, -np.inf)
    np.maximum.at(top, inverse, scores)
    risen = np.exp(scores - top[inverse])
    shares: Doubles = risen / np.bincount(inverse, weights=risen)[inverse]
    return shares


def chained(probabilities: Doubles, pairs: Ints, passes_on: Bools, n_spans: int, steps: int) -> Doubles:
    """Probabilities with those of antecedents that pass theirs on: ``Q = S_last + S_passing · Q``.

    Args:
        probabilities: of each pair, ``(n_pairs,)``.
        pairs: anaphor and antecedent, ``(n_pairs, 2)``.
        passes_on: whether the antecedent, a pronoun, stands for its own antecedents, ``(n_pairs,)``.
        n_spans: mentions there are.
        steps: how often they are passed on.

    Returns:
        ``(n_pairs,)``; pairs with an antecedent that passes on get zero.
    """
    shape = (n_spans, n_spans)
    last = sparse.csr_matrix((probabilities * ~passes_on, tuple(pairs.T)), shape=shape)
    passing = sparse.csr_matrix((probabilities * passes_on, tuple(pairs.T)), shape=shape)
    total = last
    for _ in range(steps):
        total = last + passing @ total
    found: Doubles = np.asarray(total.tocsr()[pairs[:, 0], pairs[:, 1]]).reshape(-1) * ~passes_on
    return found


def hits(scores: Doubles, item: Ints, correct: Bools) -> tuple[Ints, Bools]:
    """Items that have a right candidate, and whether the best one is right; of equals the last row wins."""
    items, inverse = np.unique(item, return_inverse=True)
    order = np.lexsort((np.arange(len(item)), scores, inverse))
    last = np.searchsorted(inverse[order], np.arange(len(items)), side="right") - 1
    solvable = np.bincount(inverse, weights=correct, minlength=len(items)) > 0
    return items[solvable], correct[order[last]][solvable]
