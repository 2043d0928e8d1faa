"""HTML and XHTML: what a page shows, without scripts and styles."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from bifocal.errors import InvalidText
from bifocal.files.content import Content
from bifocal.files.encodings import decoded, known_encoding
from bifocal.files.extracted import ExtractedDocument
from bifocal.files.flow import Flow
from bifocal.files.formats import Format

_UNSHOWN = {
    *("head", "script", "style", "template", "noscript", "svg", "math", "iframe", "object"),
    *("select", "datalist", "button", "textarea", "audio", "video", "canvas"),
}
_PARAGRAPHS = {
    *("p", "div", "section", "article", "aside", "header", "footer", "main", "nav", "figure", "table"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "hr", "body", "address"),
    *("form", "fieldset", "details", "summary", "caption", "figcaption"),
}
_LINES = {"li", "dt", "dd", "tr", "br", "option", "thead", "tbody", "tfoot"}
_CELLS = {"td", "th"}

#: Numbers of notes, which would grow together with the word before them, and the ways back from notes.
_NOTE_MARKS = {"doc-noteref", "doc-backlink"}

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XML_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)""")
_MOST_BEFORE_DECLARATION = 4096


def read_html(content: Content) -> Iterator[ExtractedDocument]:
    """The one text of a page."""
    text, encoding = html_text(content.whole(), content.reading.encoding)
    yield ExtractedDocument(
        id=content.name, text=text, source=content.name, format=Format.HTML, encoding=encoding
    )


def html_text(body: bytes, declared: str | None = None) -> tuple[str, str]:
    """What a page shows, and the encoding it is in."""
    text, encoding = decoded(body, declared or _declaration(body))
    return shown(text), encoding


def shown(page: str) -> str:
    """What a page shows."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(page.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # there is nothing in it
        return ""
    return "" if root is None else _shown(root)


def _declaration(body: bytes) -> str | None:
    head = body[:_MOST_BEFORE_DECLARATION]
    found = _XML_DECLARED.search(head) or _DECLARED.search(head)
    if found is None:
        return None
    try:
        name = known_encoding(found[1].decode("ascii", "replace"))
    except InvalidText:  # an encoding that no one knows is as good as none
        return None
    # Who reads the declaration as ASCII knows that it is not in these.
    return None if name.startswith(("utf-16", "utf-32")) else name


def _shown(root: Any) -> str:
    flow = Flow()
    depth_as_it_is = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _UNSHOWN or _is_hidden(element):
                walk.skip_subtree()
                continue
            depth_as_it_is += tag == "pre"
            _break(flow, tag)
            if element.text:
                flow.text(element.text, as_it_is=depth_as_it_is > 0)
        else:
            if tag not in _UNSHOWN:
                depth_as_it_is -= tag == "pre" and not _is_hidden(element)
                _break(flow, tag)
            if element.tail and element is not root:
                flow.text(element.tail, as_it_is=depth_as_it_is > 0)
    return flow.whole()


def _is_hidden(element: Any) -> bool:
    if element.get("hidden") is not None or element.get("role") in _NOTE_MARKS:
        return True
    return any(key.endswith(":type") and value == "noteref" for key, value in element.attrib.items())


def _break(flow: Flow, tag: str) -> None:
    if tag in _PARAGRAPHS:
        flow.paragraph()
    elif tag in _LINES:
        flow.line()
    elif tag in _CELLS:
        flow.text(" ")
