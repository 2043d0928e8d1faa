"""Refuses what is no text, with a message that says where."""

from bifocal.errors import DocumentTooLarge, EmptyDocument, InvalidText


def checked_text(text: str, *, max_bytes: int) -> str:
    """Return `text` unchanged if it can be read.

    Raises:
        InvalidText: a lone surrogate or a NUL character.
        DocumentTooLarge: more than `max_bytes` as UTF-8.
        EmptyDocument: nothing but white space.
    """
    try:
        n_bytes = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InvalidText(
            f"the text has a lone surrogate (U+{ord(text[error.start]):04X}) at character {error.start}; "
            "it is half of a character, so the text was cut or decoded wrongly"
        ) from None
    if n_bytes > max_bytes:
        raise DocumentTooLarge(
            f"the text has {n_bytes:,} bytes, the limit is {max_bytes:,}; "
            "split it, or raise BIFOCAL_MAX_DOCUMENT_BYTES"
        )
    nul = text.find("\x00")
    if nul >= 0:
        raise InvalidText(f"the text has a NUL at character {nul}; it is probably not a text file")
    if not text.strip():
        raise EmptyDocument("the document is empty or holds white space only")
    return text
