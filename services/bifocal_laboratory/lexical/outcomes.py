"""What a pair of words can turn out to be, numbered as a `LexicalProbe` numbers it."""

from collections.abc import Iterable
from dataclasses import dataclass

from bifocal_laboratory.corpora import LexicalKind, LexicalPair
from bifocal_laboratory.corpora.lexical_relations import DIRECTED, UNDIRECTED


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Directed kinds from the first word to the second, the same back, undirected ones, none."""

    directed: tuple[str, ...]
    undirected: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All kinds: the directed ones first."""
        return (*self.directed, *self.undirected)

    @property
    def none(self) -> int:
        """Number of the last outcome."""
        return 2 * len(self.directed) + len(self.undirected)

    def number(self, name: str, *, forward: bool = True) -> int:
        """Of a kind; any other name is none."""
        if name in self.directed:
            return self.directed.index(name) + (0 if forward else len(self.directed))
        if name in self.undirected:
            return 2 * len(self.directed) + self.undirected.index(name)
        return self.none

    def swapped(self, outcome: int) -> int:
        """The outcome of the same pair with its words in the other order."""
        n = len(self.directed)
        return (outcome + n) % (2 * n) if outcome < 2 * n else outcome

    def columns(self, name: str) -> list[int]:
        """The outcomes in which a kind holds, one of them or both directions."""
        return sorted({self.number(name), self.number(name, forward=False)})


#: Kinds of relations that all sets have in common.
KINDS = Outcomes(tuple(kind.value for kind in DIRECTED), tuple(kind.value for kind in UNDIRECTED))


def own_relations(pairs: Iterable[LexicalPair]) -> Outcomes:
    """The relations of a set by its own names, in alphabetical order; its random pairs have none."""
    kinds = {pair.relation: pair.kind for pair in pairs if pair.kind is not LexicalKind.RANDOM}
    names = sorted(kinds)
    return Outcomes(
        tuple(name for name in names if kinds[name] in DIRECTED),
        tuple(name for name in names if kinds[name] in UNDIRECTED),
    )


def present_kinds(pairs: Iterable[LexicalPair]) -> Outcomes:
    """Those of `KINDS` that some pair has."""
    present = {pair.kind.value for pair in pairs}
    return Outcomes(
        tuple(name for name in KINDS.directed if name in present),
        tuple(name for name in KINDS.undirected if name in present),
    )
