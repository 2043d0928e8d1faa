"""How far lenses put the pairs of a document in the same order, and how far they would by chance.

Chance is a Mantel test (Mantel 1967): the words change places under the static lens, while what the
contextual lens says of the places stays. It keeps what either lens makes of the document as a whole, and
breaks only which word is where. Ranks are of the percentiles, on which frequency and distance have no hold.
"""

import hashlib
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Agreement, Interval, Null, ShardDocument
from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.ranks import midranks, ranks_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]

#: A long document is looked at in so many stretches, evenly spaced, of so many units together.
_STRETCHES, _UNITS = 4, 400
#: Of more pairs every second, third … is taken.
_PAIRS = 20_000
#: Groups of word types left out in turn, for the interval.
_GROUPS = 20
#: Share of the pairs that are the top, and the fewest.
_TOP, _FEWEST = 0.01, 10
_DIGITS = 6


def sampled_units(n_units: int) -> Bools:
    """Which units agreement is measured on ``(n_units,)``: all, or some stretches of a long document."""
    if n_units <= _UNITS:
        return np.ones(n_units, dtype=np.bool_)
    size = _UNITS // _STRETCHES
    starts = np.arange(_STRETCHES) * (n_units - size) // (_STRETCHES - 1)
    place = np.arange(n_units)
    here = (place[:, None] >= starts) & (place[:, None] < starts + size)
    chosen: Bools = np.logical_or.reduce(here, axis=1)
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPairs:
    """Pairs of places of a document that hold known words, under both lenses.

    Shapes: `i` and `j` ``(n_pairs,)``, units; `static` and `contextual` ``(n_pairs,)``, percentiles; `differ`
    ``(n_pairs,)``, whether the words do, so that the pair can be compared.
    """

    i: Ints
    j: Ints
    static: Floats
    contextual: Floats
    differ: Bools

    def thinned(self) -> "PlacedPairs":
        """Every second, third … pair, so that there are not too many."""
        step = max(1, -(-len(self.i) // _PAIRS))
        return PlacedPairs(**{field.name: getattr(self, field.name)[::step] for field in fields(self)})


def agreement_of(
    pairs: PlacedPairs, static: StaticOutput, document: ShardDocument, n_permutations: int
) -> Agreement:
    """Rank agreement of the lenses on a document's pairs; `static` has units for words."""
    pairs = pairs.thinned()
    own, other = pairs.static[pairs.differ], pairs.contextual[pairs.differ]
    n = len(own)
    n_top = min(n, max(_FEWEST, round(n * _TOP)))
    empty = Agreement(n_pairs=n, spearman=None, n_top=n_top, top_overlap=None)
    if n < 2:
        return empty
    ranks = ranks_of(own), ranks_of(other)
    spearman = correlation(*ranks)
    if spearman is None:
        return empty
    least = float(np.sort(own)[n - n_top])
    top = np.flatnonzero(pairs.differ)[np.argsort(-other, kind="stable")[:n_top]]
    overlap = np.count_nonzero(pairs.static[top] >= least) / n_top
    null = top_null = None
    if n_permutations:
        shuffled = _Shuffled.of(pairs, static, top, least)
        own_order = np.arange(len(shuffled.units))
        orders = [own_order, *_orders(document, len(own_order), n_permutations)]
        found = np.array([shuffled(order) for order in orders])
        null, top_null = (_null(column[0], column[1:]) for column in found.T)
    return Agreement(
        n_pairs=n,
        spearman=round(spearman, _DIGITS),
        interval=_jackknife(pairs, static, ranks),
        null=null,
        n_top=n_top,
        top_overlap=round(overlap, _DIGITS),
        top_null=top_null,
    )


def correlation(left: Floats, right: Floats) -> float | None:
    """Pearson's correlation of two rows ``(n,)``; None where one is constant."""
    left, right = left - left.mean(), right - right.mean()
    lengths = np.sqrt((left @ left) * (right @ right))
    return float(np.clip(left @ right / lengths, -1, 1)) if lengths > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shuffled:
    """The document with its words in other places.

    Shapes: `type_of_unit` ``(n_units,)``; `units` ``(n,)``, those that are in any pair, which change places;
    `score` ``(n_types * n_types,)``, rank of every two types among the document's pairs less the middle one,
    and nothing for one type twice; `is_top` the same, whether they would be at the top; `i`, `j` and
    `contextual` ``(n_pairs,)``, places and their ranks, centred; `top` ``(n_top,)``, the top by context.
    """

    type_of_unit: Ints
    units: Ints
    n_types: int
    score: Singles
    is_top: Bools
    i: Ints
    j: Ints
    contextual: Singles
    top: Ints

    @classmethod
    def of(cls, pairs: PlacedPairs, static: StaticOutput, top: Ints, least: float) -> "_Shuffled":
        units = np.unique(np.concatenate([pairs.i, pairs.j]))
        types, compact = np.unique(static.type_of_word[units], return_inverse=True)
        type_of_unit = np.zeros(len(static.type_of_word), dtype=np.int64)
        type_of_unit[units] = compact
        n = len(types)
        a, b = np.triu_indices(n, 1)
        # In one product and not pair by pair, as for relations: these are figures of no pair that is told.
        cosine = np.clip(static.vectors[types] @ static.vectors[types].T, -1, 1)[a, b]
        band = static.band[types].astype(np.int64)
        percentile = static.background.percentile(cosine, band[a], band[b])
        own, other = pairs.static[pairs.differ], pairs.contextual[pairs.differ]
        score, is_top = np.zeros((n, n), dtype=np.float32), np.zeros((n, n), dtype=np.bool_)
        score[a, b] = score[b, a] = midranks(percentile, own) - len(own) / 2
        is_top[a, b] = is_top[b, a] = percentile >= least
        contextual = midranks(pairs.contextual, other)
        return cls(
            type_of_unit=type_of_unit,
            units=units,
            n_types=n,
            score=score.ravel(),
            is_top=is_top.ravel(),
            i=pairs.i,
            j=pairs.j,
            contextual=(contextual - contextual.mean()).astype(np.float32),
            top=top,
        )

    def __call__(self, order: Ints) -> tuple[float, float]:
        """Correlation and overlap at the top, with the words of `units` in another order.

        Two places that hold the same word after that count as a pair in the middle.
        """
        types = self.type_of_unit.copy()
        types[self.units] = self.type_of_unit[self.units[order]]
        # `take` is four times as fast as an index.
        cell = (types * self.n_types).take(self.i)
        cell += types.take(self.j)
        score = self.score.take(cell)
        n, total = len(score), float(score.sum(dtype=np.float64))
        spread = float(score @ score) - total * total / n
        length = np.sqrt(max(spread, 0.0) * float(self.contextual @ self.contextual))
        found = float(score @ self.contextual) / length if length > 0 else 0.0
        return found, np.count_nonzero(self.is_top[cell[self.top]]) / len(self.top)


def _orders(document: ShardDocument, n_units: int, n: int) -> list[Ints]:
    # From the text, so that a document has one null wherever it is read.
    digest = hashlib.sha256(document.text.encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    return [random.permutation(n_units) for _ in range(n)]


def _null(value: float, chance: Floats) -> Null:
    """Of n shuffles, the ends leave out as many on each side as make 2.5 in a hundred of n + 1."""
    ordered = np.sort(chance)
    outside = max(1, int(0.025 * (len(ordered) + 1)))
    low, high = ordered[outside - 1], ordered[-outside]
    higher = np.count_nonzero(chance >= value - 1e-12)
    return Null(
        interval=Interval(low=round(float(low), _DIGITS), high=round(float(high), _DIGITS)),
        p_value=round((1 + higher) / (1 + len(chance)), _DIGITS),
    )


def _jackknife(pairs: PlacedPairs, static: StaticOutput, ranks: tuple[Floats, Floats]) -> Interval | None:
    """Interval of the correlation, from leaving out one group of word types after the other.

    A group's pairs are those with a word in it, so that words and not pairs are what varies.
    """
    group = static.type_of_word.astype(np.int64) % _GROUPS
    cell = group[pairs.i[pairs.differ]] * _GROUPS + group[pairs.j[pairs.differ]]
    x, y = ranks
    moments = np.stack(
        [
            np.bincount(cell, weights, minlength=_GROUPS**2).reshape(_GROUPS, _GROUPS)
            for weights in (np.ones(len(x)), x, y, x * x, y * y, x * y)
        ]
    )
    touching = moments.sum(axis=1) + moments.sum(axis=2) - np.einsum("kgg->kg", moments)
    n, sx, sy, sxx, syy, sxy = moments.sum(axis=(1, 2))[:, None] - touching
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (sxy - sx * sy / n) / np.sqrt((sxx - sx * sx / n) * (syy - sy * sy / n))
    without = without[np.isfinite(without)]
    if len(without) < 2:
        return None
    whole = correlation(x, y) or 0.0
    error = np.sqrt((len(without) - 1) / len(without) * np.square(without - without.mean()).sum())
    low, high = np.clip([whole - 1.96 * error, whole + 1.96 * error], -1, 1)
    return Interval(low=round(float(low), _DIGITS), high=round(float(high), _DIGITS))
