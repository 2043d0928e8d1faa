"""Archives and compressed files: what is in them is read in its turn."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, cast

from bifocal.errors import BifocalError, DamagedFile, UnsupportedFormat
from bifocal.files.content import Content
from bifocal.files.extracted import Extracted, Refused
from bifocal.files.formats import KINDS, is_named_readable
from bifocal.files.members import opened_archive, opened_member
from bifocal.files.names import shown_name

Reader = Callable[[Content], Iterator[Extracted]]

_EPUB, _ODT = b"application/epub+zip", b"application/vnd.oasis.opendocument.text"

#: What else is made of a ZIP archive, by a member that it has.
_FOREIGN = {
    "xl/workbook.xml": "an Excel workbook is not read; export the texts as .csv",
    "ppt/presentation.xml": "a PowerPoint file is not read; save it as .pdf",
    "AndroidManifest.xml": "an app is not read; it holds no document",
    "META-INF/MANIFEST.MF": "a Java archive is not read; it holds no document",
}

#: Folders that systems put beside what was packed.
_NOT_PACKED = {"__MACOSX"}


def read_gzip(content: Content, read: Reader) -> Iterator[Extracted]:
    """What is compressed, under the name of the whole."""
    inner = PurePosixPath(content.format_name)
    name = inner.stem if inner.suffix.lower() == ".gz" else inner.name
    with content.opened():
        try:
            with gzip.GzipFile(fileobj=content.stream) as stream:
                yield from read(content.within(content.name, name, cast(IO[bytes], stream)))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFile(
                f"the compressed file is damaged or was cut off ({error}); fetch it again"
            ) from None


def read_zip(content: Content, read: Reader) -> Iterator[Extracted]:
    """A document of Word, LibreOffice or a book; of other archives everything that can be read."""
    with opened_archive(content) as archive:
        names = set(archive.namelist())
        for member, advice in _FOREIGN.items():
            if member in names:
                raise UnsupportedFormat(advice)
        kind = _kind(content, archive, names)
        if "word/document.xml" in names:
            from bifocal.files.office import read_docx

            yield from read_docx(content, archive)
        elif kind.startswith(_ODT):
            from bifocal.files.office import read_odt

            yield from read_odt(content, archive)
        elif kind == _EPUB or "META-INF/container.xml" in names:
            from bifocal.files.epub import read_epub

            yield from read_epub(content, archive)
        elif kind.startswith(b"application/vnd.oasis."):
            raise UnsupportedFormat("of LibreOffice's files only texts are read; save it as .odt or .pdf")
        else:
            yield from _members(content, archive, read)


def _kind(content: Content, archive: zipfile.ZipFile, names: set[str]) -> bytes:
    if "mimetype" not in names:
        return b""
    with opened_member(content, archive, "mimetype") as member:
        return member.stream.read(100).strip()


def _members(content: Content, archive: zipfile.ZipFile, read: Reader) -> Iterator[Extracted]:
    """Members with the endings of formats that are read; others are left alone, as in folders."""
    n_read = 0
    for info in archive.infolist():
        name = shown_name(info.filename)
        if info.is_dir() or _is_hidden(name) or not is_named_readable(name):
            continue
        n_read += 1
        whole = f"{content.name}/{name}"
        try:
            with opened_member(content, archive, info, whole) as member:
                yield from read(member)
        except BifocalError as error:
            if content.budget.is_spent:
                raise
            yield Refused(id=whole, source=whole, error=error)
    if not n_read:
        raise UnsupportedFormat(f"the archive holds no file that is read; {KINDS} are")


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(_NOT_PACKED.intersection(parts)) or any(part.startswith(".") for part in parts)
