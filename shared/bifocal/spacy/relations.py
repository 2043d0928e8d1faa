"""What documents know: a report, kept as JSON in `Doc.user_data`, read by extensions.

It is saved with the document. Words of bifocal and tokens of spaCy meet through characters, when a relation
is asked for, so tokens may be merged and split in between.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from spacy.tokens import Doc, Span, Token

from bifocal.contracts import (
    ContextualRelation,
    Direction,
    ErrorDetail,
    Relation,
    RelationKind,
    Report,
    StaticRelation,
    Verdict,
    WordRef,
)
from bifocal.errors import BifocalError

_REPORT, _ERROR = "bifocal.report", "bifocal.error"


@dataclass(frozen=True, slots=True)
class SpanRelation:
    """A relation of a report, with the tokens that hold any character of its ends."""

    a: Span
    b: Span
    """Begins after `a`."""
    figures: Relation
    """All that the report says of the two."""

    @property
    def verdict(self) -> Verdict:
        """Which lens marks the pair."""
        return self.figures.verdict

    @property
    def kind(self) -> RelationKind | None:
        """What the pair is in the text: `subject`, `refers_to` …"""
        return self.figures.kind

    @property
    def static(self) -> StaticRelation | None:
        """The pair under the static lens."""
        return self.figures.static

    @property
    def contextual(self) -> ContextualRelation:
        """The pair under the contextual lens."""
        return self.figures.contextual

    @property
    def source(self) -> Span | None:
        """The end that depends, or refers, where the pair has a kind."""
        return self._end(Direction.A_TO_B)

    @property
    def target(self) -> Span | None:
        """The end that `source` depends on, or refers to."""
        return self._end(Direction.B_TO_A)

    def other(self, token: Token) -> Span:
        """The end that does not hold a token."""
        return self.b if self.a.start <= token.i < self.a.end else self.a

    def _end(self, first_if: Direction) -> Span | None:
        if self.kind is None:
            return None
        return self.a if self.kind.direction is first_if else self.b


class _Reading:
    """A document's report, parsed once."""

    def __init__(self, stored: str) -> None:
        self.stored = stored
        self.report = Report.model_validate_json(stored)

    @cached_property
    def places(self) -> dict[tuple[int, int], list[int]]:
        """Places in the list of relations by the characters of an end."""
        found: dict[tuple[int, int], list[int]] = {}
        for place, relation in enumerate(self.report.relations):
            for end in (relation.a, relation.b):
                found.setdefault((end.start, end.end), []).append(place)
        return found

    def touching(self, start: int, end: int) -> list[Relation]:
        """Relations with an end that holds one of some characters."""
        found = {
            place
            for (first, last), places in self.places.items()
            if first < end and last > start
            for place in places
        }
        return [self.report.relations[place] for place in sorted(found)]


#: Holds no spans: they hold their document, which would then never go.
_readings: WeakKeyDictionary[Doc, _Reading] = WeakKeyDictionary()


def put_report(doc: Doc, report: Report) -> None:
    """Keep a report with its document."""
    forget(doc)
    doc.user_data[_REPORT] = report.model_dump_json()


def put_error(doc: Doc, error: BifocalError) -> None:
    """Keep why a document has no report."""
    forget(doc)
    doc.user_data[_ERROR] = ErrorDetail.of(error).model_dump_json()


def forget(doc: Doc) -> None:
    """Drop what an earlier run left."""
    for key in (_REPORT, _ERROR):
        doc.user_data.pop(key, None)


def register_extensions() -> None:
    """Make `Doc._.bifocal`, `Doc._.bifocal_error`, `Doc._.relations` and `Token._.relations`."""
    Doc.set_extension("bifocal", getter=_report)
    Doc.set_extension("bifocal_error", getter=_error)
    Doc.set_extension("relations", getter=_relations)
    Token.set_extension("relations", getter=_relations_of_token)


def _reading(doc: Doc) -> _Reading | None:
    stored = doc.user_data.get(_REPORT)
    if stored is None:
        return None
    known = _readings.get(doc)
    if known is not None and known.stored is stored:
        return known
    found = _Reading(stored)
    # `Span.as_doc` and `Doc.from_docs` hand the data on to documents of another text.
    if found.report.provenance.text != f"sha256:{hashlib.sha256(doc.text.encode()).hexdigest()}":
        return None
    _readings[doc] = found
    return found


def _report(doc: Doc) -> Report | None:
    found = _reading(doc)
    return None if found is None else found.report


def _error(doc: Doc) -> ErrorDetail | None:
    stored = doc.user_data.get(_ERROR)
    return None if stored is None else ErrorDetail.model_validate_json(stored)


def _relations(doc: Doc) -> list[SpanRelation]:
    found = _reading(doc)
    return [] if found is None else [_spanned(doc, relation) for relation in found.report.relations]


def _relations_of_token(token: Token) -> list[SpanRelation]:
    found = _reading(token.doc)
    if found is None:
        return []
    touching = found.touching(token.idx, token.idx + len(token))
    return [_spanned(token.doc, relation) for relation in touching]


def _spanned(doc: Doc, relation: Relation) -> SpanRelation:
    return SpanRelation(a=_span(doc, relation.a), b=_span(doc, relation.b), figures=relation)


def _span(doc: Doc, end: WordRef) -> Span:
    span = doc.char_span(end.start, end.end, alignment_mode="expand")
    if span is None:
        raise LookupError(f"the document has no characters {end.start} to {end.end}")
    return span
