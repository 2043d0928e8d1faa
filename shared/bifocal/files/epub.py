"""EPUB: the chapters of a book, in the order of reading."""

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from bifocal.errors import DamagedFile, EncryptedFile
from bifocal.files.content import Content
from bifocal.files.extracted import ExtractedDocument
from bifocal.files.formats import Format
from bifocal.files.html import html_text
from bifocal.files.members import opened_member
from bifocal.files.xml import local, parsed

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"

#: Fonts may be obfuscated, which keeps no one from the text.
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(content: Content, archive: zipfile.ZipFile) -> Iterator[ExtractedDocument]:
    """The one text of a book."""
    names = set(archive.namelist())
    _check_open(content, archive, names)
    chapters = []
    for name in _spine(content, archive, names):
        if name not in names:
            raise DamagedFile(f"the book has no chapter {name}; fetch it again")
        with opened_member(content, archive, name) as member:
            chapters.append(html_text(member.whole())[0])
    text = "\n\n".join(filter(None, chapters))
    yield ExtractedDocument(id=content.name, text=text, source=content.name, format=Format.EPUB)


def _check_open(content: Content, archive: zipfile.ZipFile, names: set[str]) -> None:
    if _ENCRYPTION not in names:
        return
    with opened_member(content, archive, _ENCRYPTION) as member:
        methods = [e.get("Algorithm") for e in parsed(member.stream).iter() if local(e) == "EncryptionMethod"]
    if any(method not in _OF_FONTS for method in methods):
        raise EncryptedFile("the book is protected (DRM), so its text cannot be read")


def _spine(content: Content, archive: zipfile.ZipFile, names: set[str]) -> Iterator[str]:
    """Names of the chapters; the table of contents is none."""
    if _CONTAINER not in names:
        raise DamagedFile(f"it has no {_CONTAINER}; fetch the book again")
    with opened_member(content, archive, _CONTAINER) as member:
        root = parsed(member.stream)
    package = next((e.get("full-path") for e in root.iter() if local(e) == "rootfile"), None)
    if package is None or package not in names:
        raise DamagedFile("it does not say where its chapters are; fetch the book again")
    with opened_member(content, archive, package) as member:
        root = parsed(member.stream)
    items = {e.get("id"): e for e in root.iter() if local(e) == "item"}
    for reference in (e for e in root.iter() if local(e) == "itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        if "html" in (item.get("media-type") or ""):
            yield posixpath.normpath(
                posixpath.join(posixpath.dirname(package), unquote(item.get("href") or ""))
            )
