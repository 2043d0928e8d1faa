"""From submitted text to words, sentences and offsets: done once, before any lens looks."""

from bifocal.text.check import checked_text
from bifocal.text.segment import Segmentation, Segmenter
from bifocal.text.words import is_candidate, is_term

__all__ = ["Segmentation", "Segmenter", "checked_text", "is_candidate", "is_term"]
