"""Files that people have become documents: read apart, within limits, whatever they hold."""

from bifocal.files.content import Reading
from bifocal.files.extracted import Extracted, ExtractedDocument, Refused
from bifocal.files.formats import ENDINGS, KINDS, Format, is_named_readable
from bifocal.files.limits import Limits
from bifocal.files.sandbox import FileSource, Reader, extract

__all__ = [
    "ENDINGS",
    "KINDS",
    "Extracted",
    "ExtractedDocument",
    "FileSource",
    "Format",
    "Limits",
    "Reader",
    "Reading",
    "Refused",
    "extract",
    "is_named_readable",
]
