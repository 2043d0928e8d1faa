"""Plain text, and Markdown, which is read as the page it makes."""

import re
from collections.abc import Iterator

from bifocal.files.content import Content
from bifocal.files.encodings import decoded
from bifocal.files.extracted import ExtractedDocument
from bifocal.files.formats import Format

#: Fields that programs for websites put before a text.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*\r?\n", re.DOTALL | re.MULTILINE)


def read_text(content: Content) -> Iterator[ExtractedDocument]:
    """The text as it is."""
    text, encoding = decoded(content.whole(), content.reading.encoding)
    yield _document(content, text, Format.TEXT, encoding)


def read_markdown(content: Content) -> Iterator[ExtractedDocument]:
    """The text without its marks."""
    from markdown_it import MarkdownIt

    from bifocal.files.html import shown

    text, encoding = decoded(content.whole(), content.reading.encoding)
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(_FRONT_MATTER.sub("", text, 1))
    yield _document(content, shown(page), Format.MARKDOWN, encoding)


def _document(content: Content, text: str, found: Format, encoding: str) -> ExtractedDocument:
    return ExtractedDocument(id=content.name, text=text, source=content.name, format=found, encoding=encoding)
