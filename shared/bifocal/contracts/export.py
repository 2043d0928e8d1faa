"""What a job's results can be taken away as."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """Form of the file."""

    PARQUET = "parquet"
    """A table."""
    CSV = "csv"
    """A table; cells that a spreadsheet would take for a formula begin with an apostrophe."""
    GRAPHML = "graphml"
    """The batch report's pairs of terms as a graph."""
    HTML = "html"
    """The page that `bifocal compare` writes."""
    JSONL = "jsonl"
    """All reports and failures, a line each, in the order of submission."""


class ExportTable(StrEnum):
    """Which table, of the formats that are tables."""

    RELATIONS = "relations"
    DOCUMENTS = "documents"
    PAIRS = "pairs"
    """Pairs of terms of the batch report."""
