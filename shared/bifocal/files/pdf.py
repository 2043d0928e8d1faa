"""PDF: the text of its pages."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bifocal.errors import EmptyDocument, EncryptedFile
from bifocal.files.content import Content
from bifocal.files.extracted import ExtractedDocument
from bifocal.files.formats import Format
from bifocal.files.pages import text_of_pages

if TYPE_CHECKING:
    from pypdf import PdfReader


def read_pdf(content: Content) -> Iterator[ExtractedDocument]:
    """The one text of a PDF.

    Raises:
        EncryptedFile: it opens by a password only.
        EmptyDocument: its pages are images.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    # It tells of every oddity of a file, and no one would read it.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(content.at_any_place(), strict=False)
        _open(reader)
        pages = [page.extract_text() for page in reader.pages]
    except (FileNotDecryptedError, DependencyError) as error:
        raise EncryptedFile(f"the PDF is encrypted ({error}); save it without a password") from None
    text = text_of_pages(pages)
    if pages and not text.strip():
        raise EmptyDocument(
            "the PDF has pages, and no text on them: they are images, or drawn; let a program for text "
            "recognition (OCR) add the text"
        )
    yield ExtractedDocument(id=content.name, text=text, source=content.name, format=Format.PDF)


def _open(reader: "PdfReader") -> None:
    """Many are encrypted so that they cannot be changed, and open by an empty password."""
    try:
        is_open = not reader.is_encrypted or reader.decrypt("")
    except NotImplementedError as error:
        raise EncryptedFile(f"the PDF is encrypted in an unknown way ({error}); save it without") from None
    if not is_open:
        raise EncryptedFile("the PDF opens by a password only; save it without one")
