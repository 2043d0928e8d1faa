"""Spans that open at one word and close at another, as coreference columns write them."""

from dataclasses import dataclass, field
from pathlib import Path

from bifocal_laboratory.corpora.lines import malformed


@dataclass(frozen=True, slots=True)
class Span:
    """A closed span; `end` is exclusive."""

    start: int
    end: int
    entity: str
    line: int
    """Where it opens."""
    marked: tuple[int, ...]
    """Positions from 1 within the span that the corpus marks as its head or minimal span."""


@dataclass(slots=True)
class Brackets:
    """Spans of one document while it is read.

    Of two open spans of one entity the later closes first; the formats cannot say otherwise, so that
    spans of *one* entity that cross are read as nested.
    """

    path: Path
    closed: list[Span] = field(default_factory=list)
    _open: dict[str, list[tuple[int, int, tuple[int, ...]]]] = field(default_factory=dict)

    def open(self, entity: str, start: int, line: int, marked: tuple[int, ...] = ()) -> None:
        """A span begins at `start`."""
        self._open.setdefault(entity, []).append((start, line, marked))

    def close(self, entity: str, end: int, line: int) -> None:
        """A span ends before `end`.

        Raises:
            UnreadableCorpus: none of that entity is open.
        """
        waiting = self._open.get(entity)
        if not waiting:
            raise malformed(self.path, line, f"mention of {entity!r} closes and was not opened")
        start, opened, marked = waiting.pop()
        self.closed.append(Span(start, end, entity, opened, marked))

    def finish(self) -> list[Span]:
        """All spans by start, of one start the longest first.

        Raises:
            UnreadableCorpus: one was opened and not closed in its document.
        """
        left = [(line, entity) for entity, waiting in self._open.items() for _, line, _ in waiting]
        if left:
            line, entity = min(left)
            raise malformed(self.path, line, f"mention of {entity!r} opens and never closes")
        return sorted(self.closed, key=lambda span: (span.start, -span.end, span.entity))
