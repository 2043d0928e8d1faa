"""From submitted text to words, sentences and offsets: done once, before any lens looks."""

from bifocal.text.check import checked_text
from bifocal.text.document import shard_document
from bifocal.text.segment import Segmentation, Segmenter
from bifocal.text.terms import TermFinder
from bifocal.text.words import is_candidate, is_term

__all__ = [
    "Segmentation",
    "Segmenter",
    "TermFinder",
    "checked_text",
    "is_candidate",
    "is_term",
    "shard_document",
]
