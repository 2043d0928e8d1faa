"""Which documents are set aside, and which pairs are fitted on: by names alone, so always the same."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


def shuffled(names: Iterable[str]) -> list[str]:
    """Names in an order that goes by nothing but themselves."""
    return sorted(names, key=_hash)


def genre_of(name: str) -> str:
    """The genre in a document's name as GUM has it, ``GUM_news_asylum``; nothing in other names."""
    parts = name.split("_")
    return parts[1] if len(parts) > 2 else ""


def set_aside(names: Sequence[str], n: int) -> frozenset[str]:
    """`n` of the documents, of each genre its share; which, goes by a hash of the name.

    Raises:
        ValueError: there would be none left, or none set aside.
    """
    if not 0 < n < len(names):
        raise ValueError(f"{n} of {len(names)} documents cannot be set aside: some must be, some must not")
    by_genre = defaultdict(list)
    for name in shuffled(names):
        by_genre[genre_of(name)].append(name)
    shares = {genre: n * len(own) / len(names) for genre, own in by_genre.items()}
    taken = {genre: int(share) for genre, share in shares.items()}
    # What whole numbers leave over goes to the genres that lost most by them.
    left = sorted(shares, key=lambda genre: (taken[genre] - shares[genre], genre))
    for genre in left[: n - sum(taken.values())]:
        taken[genre] += 1
    return frozenset(name for genre, own in by_genre.items() for name in own[: taken[genre]])


def folds_of(names: Sequence[str], n_folds: int) -> dict[str, int]:
    """A fold for each document, all of about one size."""
    return {name: number % n_folds for number, name in enumerate(shuffled(names))}


def drawn(name: str, n_pairs: int, share: float) -> Bools:
    """A share of a document's pairs ``(n_pairs,)``, drawn at random, the same every time."""
    generator = np.random.default_rng(int(_hash(f"pairs {name}")[:16], 16))
    chosen: Bools = generator.random(n_pairs) < share
    return chosen


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
