"""The company of a term in a document: the terms that the document ties to it.

Companies of different documents are compared by the static vectors of those in them. The cosine of two
companions is taken within a document and between documents. If a term's companions were drawn from one and
the same stock everywhere, both would be the same on average, *whatever the sizes* of the companies; the
cosine of the companies' centres would not, since a small company has a noisy centre. So what changes is
told by the cosine within less the cosine between, an unbiased estimate for companies of two and more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_gateway.batch.term_pairs import MILLION, Terms, millionths

Ints = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: A company has at least this many: one has no cosine within.
LEAST_COMPANIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Companies:
    """The companies of a document's terms, of those that have one.

    Shapes: `term` ``(k,)``, places among the document's terms; `size` ``(k,)``, companions that have a
    vector; in millionths `centre` ``(k, dimensions)``, the mean of their unit vectors; `within` ``(k,)``
    and `within_squared` ``(k,)``, the mean cosine of two of them and the mean of its square.
    """

    term: npt.NDArray[np.int64]
    size: npt.NDArray[np.int32]
    centre: npt.NDArray[np.int32]
    within: npt.NDArray[np.int32]
    within_squared: npt.NDArray[np.int32]


def companies(terms: Terms, a: Ints, b: Ints) -> Companies:
    """Companies by the tied pairs of terms `a` and `b`, ``(k,)``."""
    vectors = terms.vectors.astype(np.float64)
    there = vectors.any(axis=1)
    beside = np.zeros((len(vectors), len(vectors)))
    beside[a, b] = beside[b, a] = 1
    beside[:, ~there] = 0
    size = beside.sum(axis=1).astype(np.int32)
    term = np.flatnonzero(size >= LEAST_COMPANIONS)
    beside, size = beside[term], size[term]
    total = beside @ vectors
    cosines = vectors @ vectors.T
    ordered = np.maximum(size * (size - 1.0), 1.0)
    # Every companion with every other: all with all, less each with itself.
    within = ((total**2).sum(axis=1) - beside @ cosines.diagonal()) / ordered
    squares = cosines**2
    squared = ((beside @ squares * beside).sum(axis=1) - beside @ squares.diagonal()) / ordered
    return Companies(
        term=term,
        size=size,
        centre=millionths(total / size[:, None]),
        within=millionths(within),
        within_squared=millionths(squared),
    )


#: Unit of the sums of inverse sizes.
_FINE = 10**12


class CompanySums:
    """Sums over the companies of some terms, in whole numbers, so that no order shows in them.

    Holds a vector a term, whatever the number of documents.
    """

    def __init__(self, n_terms: int, dimensions: int) -> None:
        self.documents = np.zeros(n_terms, dtype=np.int64)
        self.centre = np.zeros((n_terms, dimensions), dtype=np.int64)
        self._centre_squared = np.zeros(n_terms, dtype=np.int64)
        self._within = np.zeros(n_terms, dtype=np.int64)
        self._inverse_size = np.zeros(n_terms, dtype=np.int64)
        self._inverse_square = np.zeros(n_terms, dtype=np.int64)
        self._inverse_pairs = np.zeros(n_terms, dtype=np.int64)

    def add(self, term: Longs, size: Longs, centre: Longs, within: Longs) -> None:
        """Take in companies ``(k,)`` of terms, by number, with the figures of `Companies`."""
        order = np.argsort(term, kind="stable")
        term, size, centre, within = term[order], size[order], centre[order], within[order]
        starts = np.flatnonzero(np.diff(term, prepend=-1))
        for sums, values in (
            (self.documents, np.ones_like(size)),
            (self.centre, centre),
            (self._centre_squared, (centre**2).sum(axis=1)),
            (self._within, within),
            (self._inverse_size, _FINE // size),
            (self._inverse_square, _FINE // size**2),
            (self._inverse_pairs, 2 * _FINE // (size * (size - 1))),
        ):
            sums[term[starts]] += np.add.reduceat(values, starts)

    def changes(self, cosine_variance: float) -> "Changes":
        """How much each term's company changes; each needs two documents.

        `cosine_variance` is that of the cosine of two companions, over the batch. The standard error is
        that of companies drawn from one stock: the linear parts of both means (Hoeffding 1948) cancel,
        and what is left of different pairs of companions is uncorrelated.
        """
        documents = self.documents.astype(np.float64)
        pairs = documents * (documents - 1)
        together = (self.centre.astype(np.float64) ** 2).sum(axis=1)
        spread = self._inverse_pairs / _FINE / documents**2
        spread += 2 * ((self._inverse_size / _FINE) ** 2 - self._inverse_square / _FINE) / pairs**2
        return Changes(
            within=self._within / documents / MILLION,
            between=(together - self._centre_squared) / pairs / MILLION**2,
            error=np.sqrt(cosine_variance * spread),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How much companies change from document to document; shapes ``(n_terms,)``.

    `within` is the mean cosine of two companions of the same document, `between` that of a companion in
    one document and a companion in another, `error` the standard error of their difference if companies
    were the same everywhere.
    """

    within: Floats
    between: Floats
    error: Floats

    @property
    def change(self) -> Floats:
        """`within` less `between`: 0, up to the error, if all companies are drawn from one stock."""
        return self.within - self.between

    @property
    def at_least(self) -> Floats:
        """What is left of the change when two standard errors are taken from it."""
        return self.change - 2 * self.error
