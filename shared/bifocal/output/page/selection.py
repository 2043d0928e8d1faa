"""Which relations the page shows where there are more than fit."""

from collections import Counter
from collections.abc import Sequence

from bifocal.contracts import Relation, Verdict

_UNMARKED = (Verdict.NEITHER, Verdict.NOT_COMPARABLE)


def strongest_first(relations: Sequence[Relation]) -> list[Relation]:
    """The strongest of each verdict, then the second of each, and so on: a cut leaves some of every kind."""
    rank: Counter[Verdict] = Counter()
    ranked: list[tuple[int, Relation]] = []
    for relation in sorted(relations, key=_strength, reverse=True):
        rank[relation.verdict] += 1
        ranked.append((rank[relation.verdict], relation))
    return [relation for _, relation in sorted(ranked, key=lambda pair: pair[0])]


def level(sizes: Sequence[int], weights: Sequence[int], room: int) -> int:
    """The most that each may keep so that together they keep no more than `room`.

    Each of the `sizes` counts as often as its weight says.
    """
    waiting = sum(weights)
    for size, weight in sorted(zip(sizes, weights, strict=True)):
        if size * waiting > room:
            return room // waiting
        room -= size * weight
        waiting -= weight
    return max(sizes, default=0)


def _strength(relation: Relation) -> tuple[float, float]:
    """By percentile under the lenses that mark the pair; the figure behind it breaks ties.

    A pair that none marks is likely listed for its kind, so those with one come first.
    """
    static, contextual = relation.static, relation.contextual
    if relation.kind is not None and relation.verdict in _UNMARKED:
        return 2 + relation.kind.probability, contextual.lift
    if relation.verdict is Verdict.CONTEXT_ONLY or static is None:
        return contextual.percentile, contextual.lift
    if relation.verdict is Verdict.MEANING_ONLY:
        return static.percentile, static.cosine
    return static.percentile + contextual.percentile, contextual.lift
