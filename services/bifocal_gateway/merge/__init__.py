"""Two lens outputs of a document become one report."""

from bifocal_gateway.merge.report import merge_document

__all__ = ["merge_document"]
