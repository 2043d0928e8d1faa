"""What people, trees and word lists say of the pairs of words of a document.

A pair has one label, the first that holds: `reference` and `dependency` are annotated in this very text,
`lexical` comes from a list that knows no text, and of the annotated ones the rarer comes first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from enum import StrEnum
from itertools import product

import numpy as np
import numpy.typing as npt

from bifocal_laboratory.corpora import AnnotatedDocument, LexicalKind, LexicalPair

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]

#: Universal tags of the words that lists are about; pronouns are on some, and would be half of what is found.
CONTENT = frozenset({"NOUN", "PROPN", "VERB", "ADJ", "ADV"})


class Label(StrEnum):
    """What a pair is, in the order in which labels precede one another."""

    REFERENCE = "reference"
    """Both are heads of mentions of one entity."""
    DEPENDENCY = "dependency"
    """One is the other's head in the tree."""
    LEXICAL = "lexical"
    """A list has the two as related."""
    NONE = "none"


#: Labels as codes.
LABELS = tuple(Label)
NONE = LABELS.index(Label.NONE)
#: Those that are relations.
RELATIONS = LABELS[:NONE]


class RelatedWords:
    """Pairs of words that lists have as related, in whatever way; case and order set aside."""

    def __init__(self, pairs: Iterable[LexicalPair]) -> None:
        self._partners: defaultdict[str, set[str]] = defaultdict(set)
        for pair in pairs:
            first, second = pair.first.lower(), pair.second.lower()
            if pair.kind is not LexicalKind.RANDOM and first != second:
                self._partners[first].add(second)
                self._partners[second].add(first)

    @property
    def words(self) -> frozenset[str]:
        """All words of the pairs."""
        return frozenset(self._partners)

    def __contains__(self, pair: tuple[str, str]) -> bool:
        """Whether two words in lower case are related."""
        return pair[1] in self._partners.get(pair[0], ())

    def partners(self, word: str) -> Collection[str]:
        """All words that are related to one in lower case."""
        return self._partners.get(word, frozenset())


class Labeller:
    """Labels the pairs of one document."""

    def __init__(self, document: AnnotatedDocument, related: RelatedWords) -> None:
        n = len(document.words)
        self._size = n
        self._forms = [word.lower() for word in document.words]
        lemmas = document.lemmas or document.words
        # Both the form and the lemma stand for a word: lists have *glasses* as well as *glass*.
        self._names = [{form, lemma.lower()} for form, lemma in zip(self._forms, lemmas, strict=True)]
        self._content = np.array([tag in CONTENT for tag in document.tags or ["NOUN"] * n], dtype=np.bool_)
        self._listed = self._lexical(related)
        self._keys = {
            Label.REFERENCE: self._references(document),
            Label.DEPENDENCY: self._dependencies(document),
            Label.LEXICAL: self._all(self._listed),
        }

    def differ(self, i: Ints, j: Ints) -> Bools:
        """Whether the forms of two words differ in more than case ``(k,)``."""
        numbers = {form: number for number, form in enumerate(dict.fromkeys(self._forms))}
        form = np.array([numbers[one] for one in self._forms], dtype=np.int64)
        different: Bools = form[i] != form[j]
        return different

    def codes(self, i: Ints, j: Ints) -> Codes:
        """Places of the pairs' labels in `LABELS` ``(k,)``; words, i < j."""
        codes = np.full(len(i), NONE, dtype=np.int8)
        for label in reversed(RELATIONS):
            codes[np.isin(i * self._size + j, self._keys[label])] = LABELS.index(label)
        return codes

    def listed(self, i: int, j: int) -> tuple[str, str] | None:
        """The pair of a list, by the alphabet, that two words are, i < j; None if they are none."""
        return self._listed.get((i, j))

    def _references(self, document: AnnotatedDocument) -> Ints:
        heads: defaultdict[str, set[int]] = defaultdict(set)
        for mention in document.mentions:
            heads[mention.entity].add(mention.head)
        return self._all(
            (one, other) for own in heads.values() for one in own for other in own if one < other
        )

    def _dependencies(self, document: AnnotatedDocument) -> Ints:
        if document.heads is None or document.relations is None:
            return self._all(())
        return self._all(
            (min(word, head), max(word, head))
            for word, (head, relation) in enumerate(zip(document.heads, document.relations, strict=True))
            if head >= 0 and relation != "punct"
        )

    def _lexical(self, related: RelatedWords) -> dict[tuple[int, int], tuple[str, str]]:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for word in np.flatnonzero(self._content).tolist():
            for name in self._names[word]:
                places[name].append(word)
        found: dict[tuple[int, int], tuple[str, str]] = {}
        for name in sorted(places):
            for partner in sorted(set(related.partners(name)) & places.keys()):
                for one, other in product(places[name], places[partner]):
                    if one < other:
                        found.setdefault((one, other), (min(name, partner), max(name, partner)))
        return found

    def _all(self, pairs: Iterable[tuple[int, int]]) -> Ints:
        return np.array(sorted({one * self._size + other for one, other in pairs}), dtype=np.int64)
