"""The term pairs of one document, gathered from its pairs of units as the merge judges them.

A *term* is a unit with a content word in it, in the form in which the static vocabulary has its words, in
lower case where it has none. A pair of terms is counted once a document, however often its units meet there.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ShardDocument
from bifocal.lenses import StaticOutput
from bifocal.text import is_term
from bifocal_gateway.units import Units

Ints = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]

#: Terms of a document that are followed; of more, the most frequent. What is gathered is a square of them,
#: so a document takes at most some 200 MB for a moment, however long it is.
MOST_TERMS = 2_000

#: Figures are whole millionths, the six digits of reports, so that sums do not depend on their order.
MILLION = 1_000_000


def millionths(figures: Floats) -> npt.NDArray[np.int32]:
    """Figures between -1 and 1 as whole millionths; shapes ``(k,)``."""
    rounded: npt.NDArray[np.int32] = np.rint(np.asarray(figures, dtype=np.float64) * MILLION).astype(np.int32)
    return rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a document, in the order of their code points.

    Shapes: `of_unit` ``(n_units,)``, the term of each unit, -1 for none;
    `vectors` ``(n_terms, dimensions)``, zeros where `known` ``(n_terms,)`` says that there is none.
    """

    names: list[str]
    of_unit: npt.NDArray[np.int32]
    vectors: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]
    n_left_out: int = 0

    @classmethod
    def of(
        cls,
        document: ShardDocument,
        units: Units,
        words: StaticOutput,
        static: StaticOutput,
        *,
        most: int = MOST_TERMS,
    ) -> "Terms":
        """The terms of a document among its units: at most `most`, the most frequent.

        `words` is what the static lens says of the document, `static` the same with units for words.
        """
        name_of_unit = _names(document, units, words)
        counts = Counter(name for name in name_of_unit if name is not None)
        frequent = sorted(counts, key=lambda name: (-counts[name], name))[:most]
        names = sorted(frequent)
        number = {name: n for n, name in enumerate(names)}
        of_unit = np.array([-1 if n is None else number.get(n, -1) for n in name_of_unit], dtype=np.int32)
        type_of_term = np.zeros(len(names), dtype=np.int64)
        type_of_term[of_unit[of_unit >= 0]] = static.type_of_word[of_unit >= 0]
        return cls(
            names=names,
            of_unit=of_unit,
            vectors=static.vectors[type_of_term],
            known=static.known[type_of_term],
            n_left_out=len(counts) - len(names),
        )


def _names(document: ShardDocument, units: Units, words: StaticOutput) -> list[str | None]:
    """The term that each unit is, None for one that is all grammar or numbers."""
    types = words.type_of_word.tolist()
    cased = [False] * len(words.known) if words.cased is None else words.cased.tolist()
    texts = document.words
    content = [is_term(text) for text in texts]
    for place in document.stop_words:
        content[place] = False
    forms = [text if cased[types[place]] else text.lower() for place, text in enumerate(texts)]
    return [
        " ".join(forms[first:end]) if any(content[first:end]) else None
        for first, end in zip(units.first.tolist(), units.end.tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTerms:
    """What one document contributes to its batch.

    Every array ``(n_pairs,)``, a row for each pair of terms of which some window held two words:
    `a` < `b` are places in ``terms.names``; `occurrences` counts the pairs of words; the others are
    millionths. `strongest` is the highest contextual percentile of the occurrences. `cosine` and
    `static_percentile` mean nothing where `known` says that a term has no vector.
    """

    document: str
    terms: Terms
    a: npt.NDArray[np.int32]
    b: npt.NDArray[np.int32]
    occurrences: npt.NDArray[np.int32]
    strongest: npt.NDArray[np.int32]
    cosine: npt.NDArray[np.int32]
    static_percentile: npt.NDArray[np.int32]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether both terms have a vector."""
        known: npt.NDArray[np.bool_] = self.terms.known[self.a] & self.terms.known[self.b]
        return known

    @property
    def contextual(self) -> npt.NDArray[np.int32]:
        """The contextual value: the strongest percentile to the power of the number of occurrences.

        If nothing is special each percentile is uniform, and the highest of m independent ones is below x
        with probability x^m. So this is uniform as well, however often the words meet (Šidák 1967).
        """
        return millionths((self.strongest / MILLION) ** self.occurrences)


class TermPairs:
    """Takes in a document's pairs of words block by block.

    Memory is that of the square of its terms, not of its pairs of words: 16 bytes for each two terms.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        n_cells = len(terms.names) ** 2
        self._occurrences = np.zeros(n_cells, dtype=np.int32)
        self._strongest = np.zeros(n_cells, dtype=np.int32)
        self._cosine = np.zeros(n_cells, dtype=np.int32)
        self._static_percentile = np.zeros(n_cells, dtype=np.int32)

    def add(
        self,
        i: Ints,
        j: Ints,
        *,
        contextual_percentile: Floats,
        cosine: Floats,
        static_percentile: Floats,
    ) -> None:
        """Take in pairs of units `i` and `j`; every array ``(k,)``. Two units of one term are no pair."""
        a, b = self._terms.of_unit[i], self._terms.of_unit[j]
        kept = np.flatnonzero((a >= 0) & (b >= 0) & (a != b))
        a, b = a[kept].astype(np.int64), b[kept].astype(np.int64)
        cell = np.minimum(a, b) * len(self._terms.names) + np.maximum(a, b)
        np.add.at(self._occurrences, cell, 1)
        np.maximum.at(self._strongest, cell, millionths(contextual_percentile[kept]))
        # The same in every occurrence, so it does not matter which is the last.
        self._cosine[cell] = millionths(cosine[kept])
        self._static_percentile[cell] = millionths(static_percentile[kept])

    def result(self, document: str) -> DocumentTerms:
        """What was gathered, as the contribution of a document."""
        cell = np.flatnonzero(self._occurrences)
        n = max(len(self._terms.names), 1)
        return DocumentTerms(
            document=document,
            terms=self._terms,
            a=(cell // n).astype(np.int32),
            b=(cell % n).astype(np.int32),
            occurrences=self._occurrences[cell],
            strongest=self._strongest[cell],
            cosine=self._cosine[cell],
            static_percentile=self._static_percentile[cell],
        )
