"""Lexical relations of a WordNet database (Princeton's ``data.*`` and ``index.*`` files).

Format: https://wordnet.princeton.edu/documentation/wndb5wn.

A word counts in its first sense of each part of speech, the most frequent one. *Hypernym* is every
noun synset above it but the most general ones, and the two verb synsets next above it; instances
(*France*, *country*) too. *Meronym* is a part, a member or a substance. *Co-hyponyms* have a hypernym in
common, of nouns at most two steps up, of verbs one. *Synonyms* are words of one synset, *antonyms* those
that the database names so.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora.lexical_relations import LexicalKind, LexicalPair
from bifocal_laboratory.corpora.lines import malformed

_PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}

#: Steps from the top of the noun hierarchy at which a synset is specific enough to be told as a hypernym
#: (*artifact*, *organism*), and as what two words have in common.
_LEAST_DEPTH, _LEAST_COMMON_DEPTH = 4, 5
#: Steps up that a verb's hypernyms are taken from: higher ones say little of it.
_MOST_VERB_STEPS = 2
#: Steps up to what co-hyponyms have in common: *Cairo* is a capital, *Karachi* a city.
_MOST_COMMON_STEPS = {"n": 2, "v": 1}
#: Hyponyms beyond which having the hypernym in common says little.
_MOST_HYPONYMS = 1000

_HYPERNYM, _MERONYM, _ANTONYM = frozenset({"@", "@i"}), frozenset({"%m", "%s", "%p"}), "!"
_MARKER = re.compile(r"\([a-z]+\)$")

#: Part of speech and offset.
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Pointer:
    symbol: str
    target: _Key
    source_word: int
    """Number of the word it is of, from 1; 0 for the whole synset."""
    target_word: int


@dataclass(frozen=True, slots=True)
class _Synset:
    words: tuple[str, ...]
    pointers: tuple[_Pointer, ...]


def is_wordnet(place: Path) -> bool:
    """Whether a folder holds a WordNet database."""
    return place.is_dir() and (place / "data.noun").is_file()


def wordnet_files(folder: Path) -> list[Path]:
    """The files of a database that are read."""
    return [folder / f"{kind}.{part}" for kind in ("data", "index") for part in _PARTS.values()]


def read_wordnet(folder: Path, words: Container[str]) -> list[LexicalPair]:
    """Pairs of single words in lower case that are among `words`; of several kinds the closest.

    That is synonyms before antonyms, hypernyms, meronyms, co-hyponyms. Ordered by kind and words.

    Raises:
        UnreadableCorpus: a file cannot be read or is malformed at a line, or no pair is of `words`.
    """
    database = _Database(folder, words)
    found: dict[tuple[str, str], LexicalPair] = {}
    for pairs in (
        database.synonyms(),
        database.antonyms(),
        database.hypernyms(),
        database.meronyms(),
        database.co_hyponyms(),
    ):
        for pair in sorted(set(pairs), key=lambda pair: (pair.first, pair.second)):
            if pair.first != pair.second:
                found.setdefault((min(pair.first, pair.second), max(pair.first, pair.second)), pair)
    if not found:
        raise UnreadableCorpus(f"{folder}: holds no pair of the words asked for")
    return list(found.values())


@dataclass(slots=True)
class _Database:
    folder: Path
    words: Container[str]
    synsets: dict[_Key, _Synset] = field(default_factory=dict)
    first_sense: dict[tuple[str, str], _Key] = field(default_factory=dict)
    lemmas: dict[_Key, list[str]] = field(default_factory=dict)
    depths: dict[_Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in _PARTS:
            self.synsets.update(_synsets(self.folder, part))
            self.first_sense.update(_first_senses(self.folder, part))
        for key, synset in self.synsets.items():
            self.lemmas[key] = [word for word in synset.words if self._counts(word, key)]

    def _counts(self, word: str, key: _Key) -> bool:
        return (
            len(word) > 1
            and word.isalpha()
            and self.first_sense.get((word, key[0])) == key
            and word in self.words
        )

    def synonyms(self) -> Iterator[LexicalPair]:
        for words in self.lemmas.values():
            yield from _undirected(combinations(words, 2), LexicalKind.SYNONYM)

    def antonyms(self) -> Iterator[LexicalPair]:
        for key, pointer in self._pointers():
            if pointer.symbol == _ANTONYM and pointer.source_word:
                one = self.synsets[key].words[pointer.source_word - 1]
                other = self.synsets[pointer.target].words[pointer.target_word - 1]
                if one in self.lemmas[key] and other in self.lemmas[pointer.target]:
                    yield from _undirected([(one, other)], LexicalKind.ANTONYM)

    def hypernyms(self) -> Iterator[LexicalPair]:
        for key, words in self.lemmas.items():
            for above, steps in self._above(key).items() if words else ():
                fits = steps <= _MOST_VERB_STEPS if key[0] == "v" else self.depth(above) >= _LEAST_DEPTH
                if steps and fits:
                    yield from self._directed(key, above, LexicalKind.HYPERNYM)

    def meronyms(self) -> Iterator[LexicalPair]:
        for key, pointer in self._pointers():
            if pointer.symbol in _MERONYM:
                yield from self._directed(key, pointer.target, LexicalKind.MERONYM)

    def co_hyponyms(self) -> Iterator[LexicalPair]:
        below: dict[_Key, set[str]] = defaultdict(set)
        for key, words in self.lemmas.items():
            for above, steps in self._above(key).items() if words else ():
                fits = key[0] == "v" or self.depth(above) >= _LEAST_COMMON_DEPTH
                if fits and 0 < steps <= _MOST_COMMON_STEPS[key[0]]:
                    below[above].update(words)
        for hyponyms in below.values():
            if len(hyponyms) <= _MOST_HYPONYMS:
                yield from _undirected(combinations(sorted(hyponyms), 2), LexicalKind.CO_HYPONYM)

    def depth(self, key: _Key) -> int:
        """Fewest steps to the top."""
        if key not in self.depths:
            self.depths[key] = 0  # of a hierarchy with a loop: it ends here
            self.depths[key] = min((1 + self.depth(above) for above in self._parents(key)), default=0)
        return self.depths[key]

    def _directed(self, key: _Key, other: _Key, kind: LexicalKind) -> Iterator[LexicalPair]:
        for first in self.lemmas[key]:
            for second in self.lemmas[other]:
                yield LexicalPair(first, second, kind.value, kind)

    def _pointers(self) -> Iterator[tuple[_Key, _Pointer]]:
        for key, synset in self.synsets.items():
            for pointer in synset.pointers:
                if pointer.target in self.synsets:
                    yield key, pointer

    def _parents(self, key: _Key) -> list[_Key]:
        pointers = self.synsets[key].pointers
        return [p.target for p in pointers if p.symbol in _HYPERNYM and p.target in self.synsets]

    def _above(self, key: _Key) -> dict[_Key, int]:
        """Every synset above and the fewest steps to it, itself with none."""
        steps = {key: 0}
        queue = [key]
        for at in queue:
            for parent in self._parents(at):
                if parent not in steps:
                    steps[parent] = steps[at] + 1
                    queue.append(parent)
        return steps


def _undirected(
    pairs: Iterator[tuple[str, str]] | list[tuple[str, str]], kind: LexicalKind
) -> Iterator[LexicalPair]:
    for one, other in pairs:
        yield LexicalPair(min(one, other), max(one, other), kind.value, kind)


def _synsets(folder: Path, part: str) -> Iterator[tuple[_Key, _Synset]]:
    path = folder / f"data.{_PARTS[part]}"
    for number, columns in _lines(path):
        try:
            n_words = int(columns[3], 16)
            words = [_MARKER.sub("", word).lower() for word in columns[4 : 4 + 2 * n_words : 2]]
            at = 4 + 2 * n_words
            rows = [columns[at + 1 + 4 * k : at + 5 + 4 * k] for k in range(int(columns[at]))]
            pointers = [
                _Pointer(symbol, (_part(target), offset), int(ends[:2], 16), int(ends[2:], 16))
                for symbol, offset, target, ends in rows
            ]
        except (ValueError, IndexError) as error:
            raise malformed(path, number, "no synset of a WordNet database") from error
        yield (part, columns[0]), _Synset(tuple(words), tuple(pointers))


def _first_senses(folder: Path, part: str) -> Iterator[tuple[tuple[str, str], _Key]]:
    path = folder / f"index.{_PARTS[part]}"
    for number, columns in _lines(path):
        try:
            offset = columns[-int(columns[2])]
        except (ValueError, IndexError) as error:
            raise malformed(path, number, "no entry of a WordNet index") from error
        yield (columns[0], part), (part, offset)


def _part(letter: str) -> str:
    """Adjectives that lean on another one are in the same file."""
    return "a" if letter == "s" else letter


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Columns before the gloss; the licence at the head is indented."""
    try:
        with path.open(encoding="latin-1") as file:
            for number, line in enumerate(file, 1):
                if not line.startswith("  "):
                    yield number, line.partition("|")[0].split()
    except OSError as error:
        raise UnreadableCorpus(f"{path}: cannot be read: {error.strerror or error}") from error
