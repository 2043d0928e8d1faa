"""Which format a file is in: by what it holds first, then by its name."""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from bifocal.errors import DamagedFile, EncryptedFile, UnsupportedFormat
from bifocal.files.encodings import is_text


class Format(StrEnum):
    """A format that is read."""

    TEXT = "txt"
    MARKDOWN = "md"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    ODT = "odt"
    EPUB = "epub"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    GZIP = "gz"
    ZIP = "zip"


#: Endings of names, and what they promise.
ENDINGS: Final = {
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".pdf": Format.PDF,
    ".docx": Format.DOCX,
    ".odt": Format.ODT,
    ".epub": Format.EPUB,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".gz": Format.GZIP,
    ".zip": Format.ZIP,
}

#: What messages list.
KINDS: Final = ".txt, .md, .html, .pdf, .docx, .odt, .epub, .csv, .jsonl, .parquet, and these in .gz or .zip"

_TEXTUAL = {Format.TEXT, Format.MARKDOWN, Format.HTML, Format.CSV, Format.JSONL}
_ZIPPED = {Format.DOCX, Format.ODT, Format.EPUB, Format.ZIP}

#: Beginnings of files that hold no text for us, with what they are and what to do.
_FOREIGN: Final = (
    (b"\x89PNG", "a PNG image", "let a program for text recognition (OCR) make a text of it"),
    (b"\xff\xd8\xff", "a JPEG image", "let a program for text recognition (OCR) make a text of it"),
    (b"GIF8", "a GIF image", "let a program for text recognition (OCR) make a text of it"),
    (b"II*\x00", "a TIFF image", "let a program for text recognition (OCR) make a text of it"),
    (b"MM\x00*", "a TIFF image", "let a program for text recognition (OCR) make a text of it"),
    (b"RIFF", "a recording or an image", "a text of it is needed"),
    (b"ID3", "a recording", "a transcript of it is needed"),
    (b"OggS", "a recording", "a transcript of it is needed"),
    (b"fLaC", "a recording", "a transcript of it is needed"),
    (b"{\\rtf", "an RTF document", "save it as .docx or .odt"),
    (b"%!PS", "a PostScript file", "convert it to PDF"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, or pack it as .zip"),
    (b"Rar!", "a RAR archive", "unpack it, or pack it as .zip"),
    (b"BZh", "a bzip2 file", "unpack it, or pack it as .gz"),
    (b"\xfd7zXZ", "an xz file", "unpack it, or pack it as .gz"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it, or pack it as .gz"),
    (b"ARROW1", "an Arrow file", "save it as .parquet"),
    (b"SQLite format 3", "an SQLite database", "export the texts as .csv"),
    (b"\x7fELF", "a program", "it holds no document"),
    (b"MZ\x90", "a program", "it holds no document"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

#: Formats made of text that are not for reading as they are.
_NOT_PLAIN: Final = {
    ".json": "a .json file is not read; write .jsonl, an object with a text on each line",
    ".xml": "a .xml file is not read; convert it to .html or .txt",
    ".tex": "a .tex file is not read; hand over its PDF, or convert it (`pandoc x.tex -o x.txt`)",
    ".rst": "a .rst file is not read; convert it (`pandoc x.rst -o x.md`)",
    ".fodt": "a .fodt file is not read; save it as .odt",
}


def ending(name: str) -> str:
    """The ending of a name, in small letters."""
    return PurePosixPath(name).suffix.lower()


def is_named_readable(name: str) -> bool:
    """Whether a name has the ending of a format that is read."""
    return ending(name) in ENDINGS


def format_of(name: str, head: bytes) -> Format:
    """The format of a file that begins with `head`; `ZIP` also stands for all that are made of one.

    Raises:
        UnsupportedFormat, EncryptedFile, DamagedFile: it is none that is read; the message says what to do.
    """
    promised = ENDINGS.get(ending(name))
    found = _by_signature(head, promised)
    if found is not None:
        return found
    _refuse_foreign(head)
    if not is_text(head):
        if promised is not None and promised not in _TEXTUAL:
            raise DamagedFile(
                f"it is named {ending(name)}, and does not begin as such a file does; "
                "it is damaged or was cut off, so fetch or save it again"
            )
        raise UnsupportedFormat(f"it holds no text, but data of a kind that is not known; {KINDS} are read")
    return _of_text(name, promised, head)


def _by_signature(head: bytes, promised: Format | None) -> Format | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.ZIP
    if head.startswith(b"\x1f\x8b"):
        return Format.GZIP
    if head.startswith(b"PAR1") and not is_text(head):
        return Format.PARQUET
    if head.startswith(b"PARE") and not is_text(head):
        raise EncryptedFile("the Parquet file is encrypted; write it without encryption")
    # Programs that send PDFs may put a line of their own before them; other texts may speak of them.
    at = head[:1024].find(b"%PDF-")
    return Format.PDF if at == 0 or (at > 0 and promised is Format.PDF) else None


def _refuse_foreign(head: bytes) -> None:
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in head:
            raise EncryptedFile("the Office file is encrypted; save it without a password")
        raise UnsupportedFormat(
            "an Office file of before 2007, or an encrypted one, is not read; save it as .docx or .odt, "
            "without a password"
        )
    for beginning, what, advice in _FOREIGN:
        # A text may begin with the same letters.
        is_word = beginning.isalnum() and is_text(head)
        if head.startswith(beginning) and not is_word:
            raise UnsupportedFormat(f"{what} is not read; {advice}")
    if head[257:262] == b"ustar":
        raise UnsupportedFormat("a tar archive is not read; unpack it, or pack it as .zip")


def _of_text(name: str, promised: Format | None, head: bytes) -> Format:
    if promised is not None and promised not in _TEXTUAL:
        if not head:
            raise DamagedFile("the file is empty")
        raise UnsupportedFormat(
            f"it is named {ending(name)}, but holds plain text; name it .txt, or hand over what was meant"
        )
    beginning = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:256].lower()
    if promised in {None, Format.TEXT} and beginning.startswith((b"<!doctype html", b"<html")):
        return Format.HTML
    if promised is not None:
        return promised
    if ending(name) in _NOT_PLAIN:
        raise UnsupportedFormat(_NOT_PLAIN[ending(name)])
    if not ending(name) and beginning.startswith(b"{"):
        return Format.JSONL
    return Format.TEXT
