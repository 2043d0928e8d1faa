"""The page that `bifocal compare` writes: documents, words and pairs in one file that needs no network.

`page.html` is the template. Here the data are chosen, packed and put into it.
"""

import base64
import hashlib
import json
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bifocal.contracts import Direction, Failure, Reason, Relation, RelationKind, Report, Verdict

#: A relation as the page holds it: positions of a and b among the words, distance, same sentence,
#: cosine, percentile, forward, backward, lift, percentile, windows, places in `VERDICTS` and `REASONS`;
#: then, cut off after the last that is there: place of the kind among the page's kinds, place in this row
#: of the word that depends or refers, probability, heads (layer, head, added, layer …), joint
#: probability, loss of a without b, and of b without a.
Row = tuple[int | float | tuple[float, ...] | None, ...]

VERDICTS = tuple(Verdict)
REASONS = tuple(Reason)
_UNMARKED = (Verdict.NEITHER, Verdict.NOT_COMPARABLE)

_TEMPLATE = Path(__file__).with_name("page.html")
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
#: Whatever could end the element that holds the data, and what UTF-8 cannot write.
_UNSAFE = re.compile(r"[<>&\u2028\u2029\ud800-\udfff]")

#: Characters of all texts together; the first document is shown whatever its length.
_MOST_CHARACTERS = 8_000_000
#: Neighbours take room for every word of every document, so they have a limit of their own.
_NEIGHBOURS_PER_WORD = 10
_MOST_NEIGHBOURS = 100_000
_HEADS_PER_PAIR = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A document on the page."""

    facts: dict[str, object]
    spans: dict[int, tuple[int, int]]
    """Start and end of words by position."""
    rows: list[Row]
    """Strongest first."""

    def packed(self) -> dict[str, object]:
        """For JSON, with the words that the remaining relations name."""
        named = {word for row in self.rows for word in row[:2]}
        spans = [(word, *span) for word, span in sorted(self.spans.items()) if word in named]
        return self.facts | {"spans": spans, "rows": self.rows}


class Page:
    """Collects reports and writes the page.

    Memory is bounded: all reports count, but only the first documents are kept. Where their relations
    are too many, the documents with the most give up their weakest.
    """

    def __init__(self, *, most_documents: int = 200, most_relations: int = 60_000) -> None:
        self._most_documents = most_documents
        self._most_relations = most_relations
        self._shown: list[_Shown] = []
        self._full = False
        self._settings: list[dict[str, object]] = []
        self._neighbours: dict[str, dict[str, list[tuple[str, float]]]] = {}
        self._n_neighbours = 0
        self._kinds: dict[str, int] = {}
        self._failures: list[dict[str, object]] = []
        self._n = Counter(documents=0, failures=0, pairs=0, characters=0)
        self._verdicts: Counter[str] = Counter()

    def add(self, report: Report, text: str) -> None:
        """Count a report and, while there is room, show it. `text` is the document's."""
        self._n.update(documents=1, pairs=report.n_candidate_pairs)
        self._verdicts.update(_flat(report))
        # The documents shown are the first ones, without gaps, so that the page can say which they are.
        fits = self._n["characters"] + len(text) <= _MOST_CHARACTERS or not self._shown
        self._full |= len(self._shown) >= self._most_documents or not fits
        if self._full:
            return
        self._n.update(characters=len(text))
        rows = [self._row(relation) for relation in _strongest_first(report.relations)]
        self._shown.append(_Shown(facts=self._facts(report, text), spans=_spans(report, text), rows=rows))
        self._keep_neighbours(report)
        self._trim()

    def add_failure(self, failure: Failure) -> None:
        """Count a failure and, while there is room, list it."""
        self._n.update(failures=1)
        if len(self._failures) < self._most_documents:
            self._failures.append(failure.model_dump(include={"id", "source", "error"}))

    def write(self, path: Path) -> None:
        """Write the page."""
        template = _TEMPLATE.read_text(encoding="utf-8")
        script = "".join(_SCRIPT.findall(template))
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        # Data come last, so that nothing in them is taken for a place to fill.
        before, _, after = template.replace("{{script}}", f"sha256-{digest}").partition("{{data}}")
        data = json.dumps(self._data(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", data)
        path.write_text(f"{before}{data}{after}", encoding="utf-8", newline="\n")

    def _data(self) -> dict[str, object]:
        return {
            "n": self._n,
            "verdicts": [(verdict, verdict.label) for verdict in VERDICTS],
            "reasons": [(reason, reason.replace("_", " ")) for reason in REASONS],
            "kinds": list(self._kinds),
            "counts": self._verdicts,
            "settings": self._settings,
            "documents": [shown.packed() for shown in self._shown],
            "neighbours": self._neighbours,
            "failures": self._failures,
        }

    def _facts(self, report: Report, text: str) -> dict[str, object]:
        settings = report.provenance.model_dump(exclude={"text", "joint"}, mode="json")
        if settings not in self._settings:
            self._settings.append(settings)
        return {
            **report.model_dump(include={"id", "language", "n_words", "n_sentences", "n_candidate_pairs"}),
            "counts": _flat(report),
            "listed": len(report.relations),
            "settings": self._settings.index(settings),
            "static": [summary.model_dump(exclude={"neighbours"}) for summary in report.static],
            "contextual": [summary.model_dump() for summary in report.contextual],
            "text": text,
        }

    def _row(self, relation: Relation) -> Row:
        static, contextual, without = relation.static, relation.contextual, relation.contextual.without
        cells = [
            *(relation.a.word, relation.b.word, relation.distance, int(relation.same_sentence)),
            *((None, None) if static is None else (static.cosine, static.percentile)),
            *(contextual.forward, contextual.backward, contextual.lift, contextual.percentile),
            *(contextual.windows, VERDICTS.index(relation.verdict)),
            None if relation.reason is None else REASONS.index(relation.reason),
            *((None,) * 4 if relation.kind is None else self._kind(relation.kind)),
            relation.joint,
            *((None, None) if without is None else (without.a, without.b)),
        ]
        while cells[-1] is None:
            cells.pop()
        return tuple(cells)

    def _kind(self, kind: RelationKind) -> Row:
        heads = [(h.layer, h.head, round(h.added, 2)) for h in (kind.heads or [])[:_HEADS_PER_PAIR]]
        return (
            self._kinds.setdefault(kind.name, len(self._kinds)),
            0 if kind.direction is Direction.A_TO_B else 1,
            kind.probability,
            tuple(figure for head in heads for figure in head) or None,
        )

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
        level = _level([len(shown.rows) for shown in self._shown], self._most_relations)
        for shown in self._shown:
            del shown.rows[level:]


def _spans(report: Report, text: str) -> dict[int, tuple[int, int]]:
    """Words in relations, their code points turned into UTF-16 units, by which JavaScript counts."""
    # A character beyond the basic plane takes two units, so it moves everything after it by one.
    wide = [] if text.isascii() else [k for k, char in enumerate(text) if char > "\uffff"]
    words = {word.word: word for relation in report.relations for word in (relation.a, relation.b)}
    return {
        k: (word.start + bisect_left(wide, word.start), word.end + bisect_left(wide, word.end))
        for k, word in words.items()
    }


def _flat(report: Report) -> dict[str, int]:
    """Pairs by verdict, those that are not comparable by reason."""
    counts = report.verdicts
    return counts.model_dump(exclude={"not_comparable"}) | counts.not_comparable.model_dump()


def _strongest_first(relations: list[Relation]) -> list[Relation]:
    """The strongest of each verdict, then the second of each, and so on: a cut leaves some of every kind."""
    rank: Counter[Verdict] = Counter()
    ranked: list[tuple[int, Relation]] = []
    for relation in sorted(relations, key=_strength, reverse=True):
        rank[relation.verdict] += 1
        ranked.append((rank[relation.verdict], relation))
    return [relation for _, relation in sorted(ranked, key=lambda pair: pair[0])]


def _strength(relation: Relation) -> tuple[float, float]:
    """By percentile under the lenses that mark the pair; the figure behind it breaks ties.

    A pair that none marks is likely listed for its kind, so those with one come first.
    """
    static, contextual = relation.static, relation.contextual
    if relation.kind is not None and relation.verdict in _UNMARKED:
        return 2 + relation.kind.probability, contextual.lift
    if relation.verdict is Verdict.CONTEXT_ONLY or static is None:
        return contextual.percentile, contextual.lift
    if relation.verdict is Verdict.MEANING_ONLY:
        return static.percentile, static.cosine
    return static.percentile + contextual.percentile, contextual.lift


def _level(sizes: list[int], room: int) -> int:
    """The most that each may keep so that together they keep no more than `room`."""
    for left, size in zip(range(len(sizes), 0, -1), sorted(sizes), strict=True):
        if size * left > room:
            return room // left
        room -= size
    return max(sizes, default=0)
