"""Word pairs and how they are related by meaning: BLESS, EVALution, ROOT09, K&H+N and their like.

A pair a line, ``word1 TAB word2 TAB relation``, without a header; blank lines are passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora.lines import malformed, numbered_lines

#: Files of a folder that are read.
SUFFIX = ".tsv"


class LexicalKind(StrEnum):
    """What the second word of a pair is to the first."""

    HYPERNYM = "hypernym"
    """What it is a kind, or an instance, of: *dog*, *animal*."""
    MERONYM = "meronym"
    """A part, a member or the material of it: *dog*, *tail*."""
    ATTRIBUTE = "attribute"
    """What it is like: *dog*, *loyal*."""
    EVENT = "event"
    """What it does or has done to it: *dog*, *bark*."""
    CO_HYPONYM = "co_hyponym"
    """Of the same kind: *dog*, *cat*."""
    SYNONYM = "synonym"
    ANTONYM = "antonym"
    RANDOM = "random"
    """None of these, as far as the list knows."""


#: Kinds that go from one word to the other; the rest hold both ways.
DIRECTED = (LexicalKind.HYPERNYM, LexicalKind.MERONYM, LexicalKind.ATTRIBUTE, LexicalKind.EVENT)
UNDIRECTED = (LexicalKind.CO_HYPONYM, LexicalKind.SYNONYM, LexicalKind.ANTONYM)

#: The sets' own names in lower case.
_KINDS = {
    **{kind.value: kind for kind in LexicalKind},
    **dict.fromkeys(("hyper", "hypo", "isa"), LexicalKind.HYPERNYM),
    **dict.fromkeys(("mero", "hasa", "madeof", "partof", "memberof"), LexicalKind.MERONYM),
    **dict.fromkeys(("attri", "hasproperty"), LexicalKind.ATTRIBUTE),
    **dict.fromkeys(("coord", "sibl"), LexicalKind.CO_HYPONYM),
    "false": LexicalKind.RANDOM,
}
#: Those that put the part first, where ours begin with the whole.
_REVERSED = frozenset({"partof", "memberof"})


@dataclass(frozen=True, slots=True)
class LexicalPair:
    """Two words in the order of the file, and how they are related."""

    first: str
    second: str
    relation: str
    """As the set calls it."""
    kind: LexicalKind
    forward: bool = True
    """Whether a directed kind says what `second` is to `first`; else what `first` is to `second`."""


def read_lexical_relations(path: Path) -> list[LexicalPair]:
    """Pairs of a file in order.

    Raises:
        UnreadableCorpus: the file cannot be read, holds no pair, or a line is no pair or has a relation
            that no kind is known for.
    """
    pairs = list(_pairs(path))
    if not pairs:
        raise UnreadableCorpus(f"{path}: holds no word pair")
    return pairs


def lexical_files(place: Path) -> list[Path]:
    """The file itself, or those of a folder in order of their names.

    Raises:
        UnreadableCorpus: the folder holds none.
    """
    if not place.is_dir():
        return [place]
    found = sorted(path for path in place.rglob(f"*{SUFFIX}") if path.is_file())
    if not found:
        raise UnreadableCorpus(f"{place}: no file ends in {SUFFIX}")
    return found


def _pairs(path: Path) -> Iterator[LexicalPair]:
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 3 or not all(cells):
            raise malformed(path, number, "two words and their relation expected, with tabs between them")
        name = cells[2].lower()
        if name not in _KINDS:
            known = ", ".join(sorted(_KINDS))
            raise malformed(path, number, f"the relation {cells[2]!r} is none of: {known}")
        yield LexicalPair(cells[0], cells[1], cells[2], _KINDS[name], forward=name not in _REVERSED)
