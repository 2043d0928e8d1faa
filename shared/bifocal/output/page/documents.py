"""A document as the page holds it: what its report says of it as a whole, its words, and its rows."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from bifocal.contracts import Divergent, Report, StaticSummary, WordRef
from bifocal.output.page.rows import Row

#: Words without a vector that are named; all are counted.
_MOST_UNKNOWN = 1_000

Span = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDocument:
    """A document on the page."""

    facts: dict[str, object]
    spans: dict[int, Span]
    """Start and end of words by position, in UTF-16 units, and the words they run over."""
    always: frozenset[int]
    """Words that are shown whatever relations are left."""
    rows: list[Row]
    """Strongest first."""
    weight: int
    """How much room a row takes: one for every two models."""

    @classmethod
    def of(cls, report: Report, text: str, settings: int, rows: list[Row]) -> "ShownDocument":
        """`settings` is the place of the report's provenance among the page's."""
        place = Utf16Places(text)
        options = report.provenance.options
        return cls(
            facts=_facts(report, text, place) | {"settings": settings},
            spans={
                ref.word: (place(ref.start), place(ref.end), ref.n_words)
                for refs in (_related(report), _divergent(report))
                for ref in refs
            },
            always=frozenset(ref.word for ref in _divergent(report)),
            rows=rows,
            weight=(len(options.static_models) + len(options.contextual_models)) // 2,
        )

    def packed(self) -> dict[str, object]:
        """For JSON, with the words that the remaining relations name."""
        named = self.always.union(*(row[:2] for row in self.rows))
        spans = [
            (word, start, end) if n_words == 1 else (word, start, end, n_words)
            for word, (start, end, n_words) in sorted(self.spans.items())
            if word in named
        ]
        return self.facts | {"spans": spans, "rows": self.rows}


class Utf16Places:
    """Turns places in a text from code points into UTF-16 units, by which JavaScript counts."""

    def __init__(self, text: str) -> None:
        # A character beyond the basic plane takes two units, so it moves everything after it by one.
        self._wide = [] if text.isascii() else [k for k, char in enumerate(text) if char > "\uffff"]

    def __call__(self, place: int) -> int:
        """A place in UTF-16 units."""
        return place + bisect_left(self._wide, place)


def verdict_numbers(report: Report) -> dict[str, int]:
    """Pairs by verdict, those that are not comparable by reason."""
    counts = report.verdicts
    return counts.model_dump(exclude={"not_comparable"}) | counts.not_comparable.model_dump()


def _facts(report: Report, text: str, place: Utf16Places) -> dict[str, object]:
    return {
        **report.model_dump(include={"id", "language", "n_words", "n_sentences", "n_candidate_pairs"}),
        "counts": verdict_numbers(report),
        "listed": len(report.relations),
        "left_out": report.n_relations_left_out,
        "agreement": report.agreement.model_dump(),
        "model_agreement": report.model_agreement and report.model_agreement.model_dump(),
        "long_range": report.long_range.model_dump(),
        "divergent": [_packed(each, place) for each in report.divergent],
        "static": [_summary(summary) for summary in report.static],
        "contextual": [summary.model_dump(mode="json") for summary in report.contextual],
        "text_hash": report.provenance.text,
        "text": text,
    }


def _summary(summary: StaticSummary) -> dict[str, object]:
    return {
        **summary.model_dump(mode="json", exclude={"neighbours", "unknown_words"}),
        "n_unknown": len(summary.unknown_words),
        "unknown": summary.unknown_words[:_MOST_UNKNOWN],
    }


def _packed(divergent: Divergent, place: Utf16Places) -> tuple[object, ...]:
    """Word, divergence, partners by meaning and by context, start and end of the sentence in the text."""
    start = divergent.sentence_start
    return (
        divergent.word.word,
        divergent.divergence,
        [ref.word for ref in divergent.by_meaning],
        [ref.word for ref in divergent.by_context],
        place(start),
        place(start + len(divergent.sentence)),
    )


def _related(report: Report) -> Iterator[WordRef]:
    for relation in report.relations:
        yield relation.a
        yield relation.b


def _divergent(report: Report) -> Iterator[WordRef]:
    for each in report.divergent:
        yield from (each.word, *each.by_meaning, *each.by_context)
