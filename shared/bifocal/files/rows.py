"""A document for each row or line of a file."""

from bifocal.errors import BifocalError, DocumentTooLarge, InvalidDocument, InvalidText
from bifocal.files.content import Content
from bifocal.files.extracted import MOST_ID_CHARS, Extracted, ExtractedDocument, Refused
from bifocal.files.formats import Format


def row_document(
    content: Content, found: Format, number: int, text: object, name: object, encoding: str | None = None
) -> Extracted:
    """The document of a row; `name` is its own id, if it has one."""
    place = f"{content.name}:{number}"
    try:
        return ExtractedDocument(
            id=_id(content, number, name, place),
            text=_text(content, text, place),
            source=place,
            format=found,
            encoding=encoding,
        )
    except BifocalError as error:
        return row_refused(content, number, error)


def row_refused(content: Content, number: int, error: BifocalError) -> Refused:
    """What becomes of a row that cannot be read."""
    return Refused(id=f"{content.name}#{number}", source=f"{content.name}:{number}", error=error)


def _text(content: Content, text: object, place: str) -> str:
    if not isinstance(text, str):
        raise InvalidDocument(f'line {place}: "text" is {_json_type(text)}, it must be a string')
    if len(text) > content.limits.most_text_bytes:
        raise DocumentTooLarge(
            f"line {place}: a text of more than {content.limits.most_text_bytes:,} bytes is not read; "
            "split it"
        )
    _check_unicode(text, place)
    return text


def _id(content: Content, number: int, name: object, place: str) -> str:
    if name is None:
        return f"{content.name}#{number}"
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise InvalidDocument(
            f'line {place}: "id" is {_json_type(name)}, it must be a string or a whole number'
        )
    if not 1 <= len(str(name)) <= MOST_ID_CHARS:
        raise InvalidDocument(f'line {place}: "id" must have 1 to {MOST_ID_CHARS} characters')
    _check_unicode(str(name), place)
    return str(name)


def _check_unicode(text: str, place: str) -> None:
    """A lone surrogate can be written in JSON but not sent on."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidText(
            f"line {place}: a lone surrogate (U+{ord(text[error.start]):04X}) at character {error.start}; "
            "it is half of a character"
        ) from None


def _json_type(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
        type(None): "null",
        str: "a string",
    }
    return names.get(type(value), type(value).__name__)
