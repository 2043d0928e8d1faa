"""A job's results as files to take away, written while they are sent, however large the job."""

from bifocal_gateway.export.exports import Export, export, needs_summary
from bifocal_gateway.export.results import Results

__all__ = ["Export", "Results", "export", "needs_summary"]
