"""A relation as the page holds it: its figures in a row, so that names stand there once."""

from bifocal.contracts import (
    ContextualRelation,
    Direction,
    FurtherFigures,
    LexicalKind,
    Reason,
    Relation,
    RelationKind,
    StaticRelation,
    Verdict,
)

Cell = int | float | tuple[object, ...] | None
Row = tuple[Cell, ...]

VERDICTS = tuple(Verdict)
REASONS = tuple(Reason)

#: What stands where in a row; the page reads rows by these names. Words are positions in the text; verdict,
#: reason and kinds are places among their names; `*_from` is 0 where a relation goes from a to b, 1 where
#: from b to a; `heads` is layer, head, added, layer …; `further` has a row or nothing for each further model.
ROW = (
    *("a", "b", "distance", "same_sentence"),
    *("cosine", "meaning_percentile", "meaning_rank"),
    *("forward", "backward", "lift", "context_percentile", "context_rank", "windows"),
    *("verdict", "reason"),
    *("kind", "kind_from", "kind_probability", "heads"),
    "joint",
    *("a_without_b", "b_without_a"),
    *("lexical", "lexical_from", "lexical_probability"),
    "further",
)

_HEADS_PER_PAIR = 10


class RowWriter:
    """Writes relations as rows and numbers the names of kinds as they come."""

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {}
        self._lexical: dict[str, int] = {}

    @property
    def kinds(self) -> list[str]:
        """Kinds of relations in a text, by their places in rows."""
        return list(self._kinds)

    @property
    def lexical(self) -> list[str]:
        """Lexical kinds, by their places in rows."""
        return list(self._lexical)

    def row(self, relation: Relation) -> Row:
        """The cells of a relation, cut off after the last that holds something."""
        contextual, without = relation.contextual, relation.contextual.without
        lexical = None if relation.static is None else relation.static.kind
        cells: list[Cell] = [
            *(relation.a.word, relation.b.word, relation.distance, int(relation.same_sentence)),
            *(_static(relation.static) or (None,) * 3),
            *_contextual(contextual),
            VERDICTS.index(relation.verdict),
            None if relation.reason is None else REASONS.index(relation.reason),
            *((None,) * 4 if relation.kind is None else self._kind(relation.kind)),
            relation.joint,
            *((None,) * 2 if without is None else (without.a, without.b)),
            *((None,) * 3 if lexical is None else self._lexical_kind(lexical)),
            None if relation.further is None else _further(relation.further),
        ]
        while cells[-1] is None:
            cells.pop()
        return tuple(cells)

    def _kind(self, kind: RelationKind) -> Row:
        heads = [(h.layer, h.head, round(h.added, 2)) for h in (kind.heads or [])[:_HEADS_PER_PAIR]]
        return (
            self._kinds.setdefault(kind.name, len(self._kinds)),
            _from(kind.direction),
            kind.probability,
            tuple(figure for head in heads for figure in head) or None,
        )

    def _lexical_kind(self, kind: LexicalKind) -> Row:
        place = self._lexical.setdefault(kind.name, len(self._lexical))
        return place, None if kind.direction is None else _from(kind.direction), kind.probability


def _from(direction: Direction) -> int:
    return 0 if direction is Direction.A_TO_B else 1


def _static(static: StaticRelation | None) -> Row | None:
    return None if static is None else (static.cosine, static.percentile, static.rank)


def _contextual(contextual: ContextualRelation) -> Row:
    return (
        *(contextual.forward, contextual.backward, contextual.lift),
        *(contextual.percentile, contextual.rank, contextual.windows),
    )


def _further(figures: FurtherFigures) -> Row:
    return (
        *(_static(each) for each in figures.static),
        *(None if each is None else _contextual(each) for each in figures.contextual),
    )
