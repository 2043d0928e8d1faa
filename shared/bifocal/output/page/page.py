"""Collects what the page shows, within bounds, and writes it."""

from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bifocal.contracts import Failure, Report
from bifocal.output.page.assembly import page_html
from bifocal.output.page.batch import packed_batch
from bifocal.output.page.documents import ShownDocument, verdict_numbers
from bifocal.output.page.rows import REASONS, ROW, VERDICTS, RowWriter
from bifocal.output.page.selection import level, strongest_first

#: Characters of all texts together; the first document is shown whatever its length.
_MOST_CHARACTERS = 8_000_000
#: Neighbours take room for every word of every document, so they have a limit of their own.
_NEIGHBOURS_PER_WORD = 10
_MOST_NEIGHBOURS = 100_000


class Page:
    """Collects reports and writes the page.

    Memory is bounded: all reports count, but only the first documents are kept. Where their relations
    are too many, the documents with the most give up their weakest; relations with figures of more than
    two models count as several.
    """

    def __init__(self, *, most_documents: int = 200, most_relations: int = 60_000) -> None:
        self._most_documents = most_documents
        self._most_relations = most_relations
        self._shown: list[ShownDocument] = []
        self._full = False
        self._settings: list[dict[str, object]] = []
        self._neighbours: dict[str, dict[str, list[tuple[str, float]]]] = {}
        self._n_neighbours = 0
        self._rows = RowWriter()
        self._failures: list[dict[str, object]] = []
        self._n = Counter(documents=0, failures=0, pairs=0, characters=0)
        self._verdicts: Counter[str] = Counter()
        self._batch: dict[str, Any] | None = None

    def add(self, report: Report, text: str) -> None:
        """Count a report and, while there is room, show it. `text` is the document's."""
        self._n.update(documents=1, pairs=report.n_candidate_pairs)
        self._verdicts.update(verdict_numbers(report))
        # The documents shown are the first ones, without gaps, so that the page can say which they are.
        fits = self._n["characters"] + len(text) <= _MOST_CHARACTERS or not self._shown
        self._full |= len(self._shown) >= self._most_documents or not fits
        if self._full:
            return
        self._n.update(characters=len(text))
        rows = [self._rows.row(relation) for relation in strongest_first(report.relations)]
        self._shown.append(ShownDocument.of(report, text, self._place_of_settings(report), rows))
        self._keep_neighbours(report)
        self._trim()

    @property
    def is_full(self) -> bool:
        """Whether further documents are counted alone, so that their texts are not looked at."""
        return self._full or len(self._shown) >= self._most_documents

    def add_failure(self, failure: Failure) -> None:
        """Count a failure and, while there is room, list it."""
        self._n.update(failures=1)
        if len(self._failures) < self._most_documents:
            self._failures.append(failure.model_dump(include={"id", "source", "error"}))

    def add_batch(self, report: BaseModel) -> None:
        """Show what the documents say as a whole, by their batch report."""
        self._batch = packed_batch(report)

    def write(self, path: Path) -> None:
        """Write the page."""
        path.write_text(self.html(), encoding="utf-8", newline="\n")

    def html(self) -> str:
        """The page."""
        return page_html(self._data())

    def _data(self) -> dict[str, object]:
        return {
            "n": self._n,
            "verdicts": [(verdict, verdict.label) for verdict in VERDICTS],
            "reasons": [(reason, reason.replace("_", " ")) for reason in REASONS],
            "row": ROW,
            "kinds": self._rows.kinds,
            "lexical": self._rows.lexical,
            "counts": self._verdicts,
            "settings": self._settings,
            "batch": self._batch,
            "documents": [shown.packed() for shown in self._shown],
            "neighbours": self._neighbours,
            "failures": self._failures,
        }

    def _place_of_settings(self, report: Report) -> int:
        """Settings are held once: the documents of a job have the same."""
        settings = report.provenance.model_dump(exclude={"text"}, mode="json")
        if settings not in self._settings:
            self._settings.append(settings)
        return self._settings.index(settings)

    def _keep_neighbours(self, report: Report) -> None:
        """Keep neighbours once for all documents: they are the model's, whatever the document."""
        for summary in report.static:
            known = self._neighbours.setdefault(summary.model, {})
            for word, near in summary.neighbours.items():
                if word not in known and self._n_neighbours < _MOST_NEIGHBOURS:
                    known[word] = [(n.word, n.cosine) for n in near[:_NEIGHBOURS_PER_WORD]]
                    self._n_neighbours += len(known[word])

    def _trim(self) -> None:
        """Let the documents with the most relations give up the weakest, until all fit."""
        most = level(
            [len(shown.rows) for shown in self._shown],
            [shown.weight for shown in self._shown],
            self._most_relations,
        )
        for shown in self._shown:
            del shown.rows[most:]
