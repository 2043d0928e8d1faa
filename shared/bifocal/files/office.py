"""Word's .docx and LibreOffice's .odt: paragraphs, tables and notes, as they follow one another."""

import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from bifocal.errors import DamagedFile, EncryptedFile
from bifocal.files.content import Content
from bifocal.files.extracted import ExtractedDocument
from bifocal.files.flow import Flow
from bifocal.files.formats import Format
from bifocal.files.members import opened_member
from bifocal.files.xml import attribute, local, parsed

_DOCX_BODY, _DOCX_NOTES = "word/document.xml", ("word/footnotes.xml", "word/endnotes.xml")

#: What is not the text: deletions, codes of fields, a drawing's older form, phonetic guides.
_DOCX_LEFT_OUT = {"del", "moveFrom", "delText", "instrText", "Fallback", "rt", "sdtPr", "rPr", "pPr"}
#: Notes that are only the line between text and notes.
_DOCX_NO_NOTES = {"separator", "continuationSeparator", "continuationNotice"}
_DOCX_CHARACTERS = {"tab": " ", "noBreakHyphen": "\N{NON-BREAKING HYPHEN}", "ptab": " "}

_ODT_LEFT_OUT = {
    *("tracked-changes", "annotation", "annotation-end", "note", "forms", "ruby-text"),
    *("sequence-decls", "variable-decls", "user-field-decls", "desc", "title"),
}


def read_docx(content: Content, archive: zipfile.ZipFile) -> Iterator[ExtractedDocument]:
    """The one text of a Word document: its body, then its notes."""
    flow = Flow()
    names = set(archive.namelist())
    if _DOCX_BODY not in names:
        raise DamagedFile(f"it has no {_DOCX_BODY}; open it in Word or LibreOffice and save it again")
    for name in (_DOCX_BODY, *(note for note in _DOCX_NOTES if note in names)):
        with opened_member(content, archive, name) as member:
            _walk(parsed(member.stream), flow, _docx_start, _docx_end)
        flow.paragraph()
    yield _document(content, flow, Format.DOCX)


def read_odt(content: Content, archive: zipfile.ZipFile) -> Iterator[ExtractedDocument]:
    """The one text of an OpenDocument text."""
    names = set(archive.namelist())
    if "META-INF/manifest.xml" in names:
        with opened_member(content, archive, "META-INF/manifest.xml") as member:
            manifest = parsed(member.stream)
        if any(local(element) == "encryption-data" for element in manifest.iter()):
            raise EncryptedFile("the document is encrypted; save it without a password")
    if "content.xml" not in names:
        raise DamagedFile("it has no content.xml; open it in LibreOffice and save it again")
    flow = Flow()
    with opened_member(content, archive, "content.xml") as member:
        root = parsed(member.stream)
    _walk(root, flow, _odt_start, _odt_end)
    # Notes stand in the midst of sentences; they are read after the text, as Word has them.
    for body in [element for element in root.iter() if local(element) == "note-body"]:
        flow.paragraph()
        _walk(body, flow, _odt_start, _odt_end)
    yield _document(content, flow, Format.ODT)


def _document(content: Content, flow: Flow, found: Format) -> ExtractedDocument:
    return ExtractedDocument(id=content.name, text=flow.whole(), source=content.name, format=found)


def _walk(
    root: Any, flow: Flow, start: Callable[[Any, Flow], bool], end: Callable[[Any, Flow], None]
) -> None:
    """Hand every element to `start`, which says whether to go into it, and to `end`."""
    walk = etree.iterwalk(root, events=("start", "end"))
    left_out = False
    for event, element in walk:
        if event == "start":
            left_out = not start(element, flow)
            if left_out:
                walk.skip_subtree()
        elif left_out:
            # The end of what was left out comes next; what comes after it belongs to its parent.
            left_out = False
            _tail(element, flow)
        else:
            end(element, flow)
            _tail(element, flow)


def _tail(element: Any, flow: Flow) -> None:
    """Text between elements; only ODT has any, within paragraphs."""
    parent = element.getparent()
    if element.tail and parent is not None and local(parent) in {"p", "h", "span", "a", "meta", "ruby-base"}:
        flow.text(element.tail)


def _docx_start(element: Any, flow: Flow) -> bool:
    name = local(element)
    if name in _DOCX_LEFT_OUT or attribute(element, "type") in _DOCX_NO_NOTES:
        return False
    if name == "t":
        flow.text(element.text or "")
    elif name in _DOCX_CHARACTERS:
        flow.text(_DOCX_CHARACTERS[name])
    elif name in {"br", "cr"}:
        flow.line()
    elif name == "p":
        flow.paragraph()
    return True


def _docx_end(element: Any, flow: Flow) -> None:
    if local(element) in {"p", "tbl"}:
        flow.paragraph()


def _odt_start(element: Any, flow: Flow) -> bool:
    name = local(element)
    if name in _ODT_LEFT_OUT:
        return False
    if name in {"p", "h"}:
        flow.paragraph()
    elif name in {"s", "tab"}:
        flow.text(" ")
    elif name == "line-break":
        flow.line()
    if element.text and name in {"p", "h", "span", "a", "meta", "ruby-base"}:
        flow.text(element.text)
    return True


def _odt_end(element: Any, flow: Flow) -> None:
    if local(element) in {"p", "h", "table", "list"}:
        flow.paragraph()
