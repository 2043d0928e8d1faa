"""Pairs of terms of a batch report as a table. `docs/reading-a-report.md` names the columns."""

import json

from bifocal.contracts import BatchReport, Verdict
from bifocal.output.tables import Columns, Kind, Rows, at

#: Verdicts that a batch report lists pairs under.
LISTED = (Verdict.CONTEXT_ONLY, Verdict.BOTH, Verdict.MEANING_ONLY, Verdict.NOT_COMPARABLE)

#: What each column holds, and where in a pair it stands.
_COLUMNS: dict[str, tuple[Kind, str]] = {
    "term_a": (Kind.TEXT, "a"),
    "term_b": (Kind.TEXT, "b"),
    "verdict": (Kind.CATEGORY, "verdict"),
    "documents": (Kind.INT, "documents"),
    "tied": (Kind.INT, "tied"),
    "occurrences": (Kind.INT, "occurrences"),
    "expected": (Kind.FLOAT, "expected"),
    "lift": (Kind.FLOAT, "lift"),
    "p": (Kind.FLOAT, "p"),
    "q": (Kind.FLOAT, "q"),
    "cosine": (Kind.FLOAT, "static.cosine"),
    "static_percentile": (Kind.FLOAT, "static.percentile"),
    "static_spread": (Kind.FLOAT, "static_spread"),
    "contextual": (Kind.FLOAT, "contextual"),
    "contextual_spread": (Kind.FLOAT, "contextual_spread"),
    "absence_expected": (Kind.FLOAT, "absence.expected"),
    "absence_p": (Kind.FLOAT, "absence.p"),
    "absence_q": (Kind.FLOAT, "absence.q"),
}


def term_pair_columns() -> Columns:
    """Columns of the table; `evidence` is a JSON list of documents' ids."""
    return {**{name: kind for name, (kind, _) in _COLUMNS.items()}, "evidence": Kind.TEXT}


def term_pair_rows(batch: BatchReport) -> Rows:
    """All listed pairs as columns, list by list."""
    pairs = [pair for verdict in LISTED for pair in getattr(batch, verdict.value)]
    rows = {name: [at(pair, path) for pair in pairs] for name, (_, path) in _COLUMNS.items()}
    return rows | {"evidence": [json.dumps(pair.evidence, ensure_ascii=False) for pair in pairs]}
