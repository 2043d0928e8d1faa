"""Documents as a table: one row a report. `docs/reading-a-report.md` names the columns."""

from bifocal.contracts import Report
from bifocal.output.tables import Columns, Kind, Rows, at

#: What each column holds, and where in a report it stands.
_COLUMNS: dict[str, tuple[Kind, str]] = {
    "document": (Kind.TEXT, "id"),
    "language": (Kind.CATEGORY, "language"),
    "words": (Kind.INT, "n_words"),
    "sentences": (Kind.INT, "n_sentences"),
    "candidate_pairs": (Kind.INT, "n_candidate_pairs"),
    "both": (Kind.INT, "verdicts.both"),
    "meaning_only": (Kind.INT, "verdicts.meaning_only"),
    "context_only": (Kind.INT, "verdicts.context_only"),
    "neither": (Kind.INT, "verdicts.neither"),
    "same_word": (Kind.INT, "verdicts.not_comparable.same_word"),
    "unknown_word": (Kind.INT, "verdicts.not_comparable.unknown_word"),
    "outside_window": (Kind.INT, "verdicts.not_comparable.outside_window"),
    "relations": (Kind.INT, "relations.len"),
    "relations_left_out": (Kind.INT, "n_relations_left_out"),
    "agreement_pairs": (Kind.INT, "agreement.n_pairs"),
    "spearman": (Kind.FLOAT, "agreement.spearman"),
    "spearman_low": (Kind.FLOAT, "agreement.interval.low"),
    "spearman_high": (Kind.FLOAT, "agreement.interval.high"),
    "spearman_null_low": (Kind.FLOAT, "agreement.null.interval.low"),
    "spearman_null_high": (Kind.FLOAT, "agreement.null.interval.high"),
    "spearman_p": (Kind.FLOAT, "agreement.null.p_value"),
    "top_pairs": (Kind.INT, "agreement.n_top"),
    "top_overlap": (Kind.FLOAT, "agreement.top_overlap"),
    "top_overlap_null_low": (Kind.FLOAT, "agreement.top_null.interval.low"),
    "top_overlap_null_high": (Kind.FLOAT, "agreement.top_null.interval.high"),
    "top_overlap_p": (Kind.FLOAT, "agreement.top_null.p_value"),
    "far_all_pairs": (Kind.FLOAT, "long_range.all_pairs"),
    "far_static": (Kind.FLOAT, "long_range.static"),
    "far_contextual": (Kind.FLOAT, "long_range.contextual"),
    "across_sentences_all_pairs": (Kind.FLOAT, "long_range.across_sentences_all_pairs"),
    "across_sentences_static": (Kind.FLOAT, "long_range.across_sentences_static"),
    "across_sentences_contextual": (Kind.FLOAT, "long_range.across_sentences_contextual"),
    "most_divergent": (Kind.TEXT, "divergent.0.word.text"),
    "static_model": (Kind.CATEGORY, "static.0.model"),
    "unknown_words": (Kind.INT, "static.0.unknown_words.len"),
    "contextual_model": (Kind.CATEGORY, "contextual.0.model"),
    "method": (Kind.CATEGORY, "contextual.0.method"),
    "windows": (Kind.INT, "contextual.0.windows"),
    "coverage": (Kind.FLOAT, "contextual.0.coverage"),
    "sink_mass": (Kind.FLOAT, "contextual.0.sink_mass"),
    "text_hash": (Kind.TEXT, "provenance.text"),
}


def document_columns() -> Columns:
    """Columns of the table."""
    return {name: kind for name, (kind, _) in _COLUMNS.items()}


def document_row(report: Report) -> Rows:
    """A report as columns of one row."""
    return {name: [at(report, path)] for name, (_, path) in _COLUMNS.items()}
