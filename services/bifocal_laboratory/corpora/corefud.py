"""Brackets of `Entity=` in CoNLL-U's MISC column, as CorefUD 1.x and GUM write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bifocal_laboratory.corpora.lines import malformed, whole_number

_BRACKET = re.compile(r"\((?P<single>[^()]+)\)|\((?P<opening>[^()]+)|(?P<closing>[^()]+)\)")


@dataclass(frozen=True, slots=True)
class EntityFields:
    """Positions of fields in an opening bracket; CorefUD's order unless the file says otherwise."""

    entity: int = 0
    marked: int | None = 2
    marks_head: bool = True
    """Whether the marked words are the head, and not a minimal span around it."""

    @classmethod
    def of(cls, path: Path, line: int, order: str) -> "EntityFields":
        """Positions by the header ``# global.Entity = order``.

        Raises:
            UnreadableCorpus: it has no field for the entity.
        """
        names = order.split("-")
        entity = next((names.index(name) for name in ("eid", "GRP") if name in names), None)
        if entity is None:
            raise malformed(path, line, "global.Entity names neither eid nor GRP")
        marked = next((names.index(name) for name in ("head", "minspan") if name in names), None)
        return cls(entity, marked, "head" in names)


@dataclass(frozen=True, slots=True)
class Bracket:
    """One bracket at a word; a mention of one word opens and closes in it."""

    entity: str
    opens: bool
    closes: bool
    marked: tuple[int, ...] = ()
    """Positions from 1 within the mention of its head or minimal span."""


def entity_brackets(path: Path, line: int, misc: str, fields: EntityFields) -> Iterator[Bracket]:
    """Brackets of a MISC column in order.

    Raises:
        UnreadableCorpus: `Entity` is malformed.
    """
    for item in misc.split("|"):
        name, _, value = item.partition("=")
        if name != "Entity":
            continue
        end = 0
        for match in _BRACKET.finditer(value):
            if match.start() != end:
                break
            end = match.end()
            yield _bracket(path, line, match, fields)
        if end != len(value) or not value:
            raise malformed(path, line, f"Entity cannot be read from {value[end:]!r} on")


def _bracket(path: Path, line: int, match: re.Match[str], fields: EntityFields) -> Bracket:
    if match["closing"]:
        return Bracket(match["closing"], opens=False, closes=True)
    values = (match["single"] or match["opening"]).split("-")
    if len(values) <= fields.entity or not values[fields.entity]:
        raise malformed(path, line, f"a mention without an entity: {match[0]!r}")
    return Bracket(
        values[fields.entity],
        opens=True,
        closes=match["single"] is not None,
        marked=_marked(path, line, values, fields),
    )


def _marked(path: Path, line: int, values: list[str], fields: EntityFields) -> tuple[int, ...]:
    # Fields at the end may be left out.
    if fields.marked is None or len(values) <= fields.marked or values[fields.marked] in {"", "_"}:
        return ()
    positions = values[fields.marked].split(",")
    return tuple(whole_number(path, line, position, "a mention's head") for position in positions)
