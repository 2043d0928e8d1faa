"""What comes of a file: documents, and reasons why there are none."""

from dataclasses import dataclass

from bifocal.errors import BifocalError

#: Most characters of a document's id.
MOST_ID_CHARS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedDocument:
    """A text that was found in a file. Offsets in its report are code points into this text."""

    id: str
    """The file's name, and after it the row (`#3`) or the member of an archive (`/letter.txt`); or the id
    that the file itself gives it."""
    text: str
    source: str
    """File, and row or member, for people."""
    format: str
    """Format that the text was read from."""
    encoding: str | None = None
    """Encoding of the characters, of formats that leave it open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file, or a row or member of one, that cannot be read."""

    id: str
    source: str
    error: BifocalError


Extracted = ExtractedDocument | Refused
