"""What the child says, over a pipe: JSON behind its length, never anything that could run."""

import json
from dataclasses import asdict
from typing import IO, Any

from bifocal import errors
from bifocal.errors import BifocalError, DocumentError, InternalError, MissingExtra
from bifocal.files.extracted import MOST_ID_CHARS, Extracted, ExtractedDocument, Refused

LENGTH_BYTES = 4

#: Most bytes of JSON for a byte of text, and what is around it.
_JSON_PER_BYTE, _AROUND_BYTES = 6, 64 * 1024

_DOCUMENT_FIELDS = {"id": str, "text": str, "source": str, "format": str, "encoding": str | None}


class BrokenFrame(Exception):
    """What came is no frame: the child is not to be trusted."""


def write_frame(out: IO[bytes], message: dict[str, Any]) -> None:
    """Send a message."""
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    out.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    out.flush()


def message_of(one: Extracted) -> dict[str, Any]:
    """The message that says what was found."""
    if isinstance(one, ExtractedDocument):
        return {"document": asdict(one)}
    return {
        "refused": {
            "id": one.id,
            "source": one.source,
            "code": one.error.code,
            "message": one.error.message,
        }
    }


def most_frame_bytes(most_text_bytes: int) -> int:
    """Bytes that a frame may have."""
    return _JSON_PER_BYTE * most_text_bytes + _AROUND_BYTES


def message_in(frame: bytes) -> dict[str, Any]:
    """The message of a frame.

    Raises:
        BrokenFrame: it is none.
    """
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise BrokenFrame(str(error)) from None
    if not isinstance(message, dict):
        raise BrokenFrame(type(message).__name__)
    return message


def found_in(message: dict[str, Any]) -> Extracted | None:
    """What a message says was found; None where it says something else.

    Raises:
        BrokenFrame: it has other fields than it should.
    """
    document, refused = message.get("document"), message.get("refused")
    if isinstance(document, dict):
        if document.keys() != _DOCUMENT_FIELDS.keys() or not all(
            isinstance(document[name], kind) for name, kind in _DOCUMENT_FIELDS.items()
        ):
            raise BrokenFrame("document")
        if not 1 <= len(document["id"]) <= MOST_ID_CHARS:
            raise BrokenFrame("id")
        return ExtractedDocument(**document)
    if isinstance(refused, dict):
        if not all(isinstance(refused.get(name), str) for name in ("id", "source", "code", "message")):
            raise BrokenFrame("refused")
        error = _error(refused["code"], refused["message"])
        return Refused(id=refused["id"], source=refused["source"], error=error)
    return None


def _error(code: str, message: str) -> BifocalError:
    kind = errors.by_code(code)
    return kind(message) if issubclass(kind, DocumentError | MissingExtra) else InternalError(message)
