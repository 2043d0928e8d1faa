"""Bytes become characters: by a declared encoding, UTF-8, or the likeliest there is."""

import codecs
from typing import IO

from bifocal.errors import InvalidText

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: What English and its neighbours were written in before UTF-8.
_WESTERN = "cp1252"

_WESTERN_LANGUAGES = frozenset(
    (
        "Unknown",
        "English",
        "French",
        "German",
        "Spanish",
        "Italian",
        "Portuguese",
        "Dutch",
        "Swedish",
        "Danish",
    )
) | {"Norwegian", "Finnish", "Indonesian", "Latin"}
_SIGNS_OF_PRINT = frozenset("‘’‚“”„«»‹›–—…•·°§©®™€£¥¢¡¿†‡‰ªº¹²³½¼¾×÷±µ¶\xa0\xad´¨¸")

#: Share of ASCII from which a text of unknown encoding is taken for a Western one.
_MOSTLY_ASCII = 0.75

#: Share of a text's letters that must make out its language, for the guess of an encoding to count.
_LEAST_COHERENCE = 0.2

_SAMPLE_BYTES = 64 * 1024
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.02


def is_text(head: bytes) -> bool:
    """Whether bytes are characters in any encoding."""
    if any(head.startswith(mark) for mark, _ in _MARKS) or _wide(head):
        return True
    return len(head) - len(head.translate(None, _CONTROLS)) <= _MOST_CONTROLS * len(head)


def decoded(body: bytes, declared: str | None = None) -> tuple[str, str]:
    """The characters, without a byte order mark, and the name of their encoding.

    Raises:
        InvalidText: they are not in the declared encoding, or which it is cannot be told.
    """
    encoding = encoding_of(body, declared)
    try:
        return body.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError as error:
        shown = "UTF-8" if encoding == "utf-8" else encoding
        raise InvalidText(
            f"not {shown}: byte 0x{body[error.start]:02x} at {error.start}; convert the text to UTF-8"
        ) from None


def encoding_of(body: bytes, declared: str | None = None) -> str:
    """The encoding of a text, as Python names it.

    A byte order mark counts more than a declaration, and bytes that can be UTF-8 more than a guess.

    Raises:
        InvalidText: it cannot be told.
    """
    told = _told(body, declared)
    if told is not None:
        return told
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(body, error)
    return "utf-8"


def encoding_of_stream(stream: IO[bytes], declared: str | None = None) -> str:
    """The same of a stream of any length, which is at its beginning before and after.

    Raises:
        InvalidText: it cannot be told.
    """
    chunk = stream.read(_SAMPLE_BYTES)
    found = _told(chunk, declared)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk and found is None:
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            found = _guessed(chunk, error)
        chunk = stream.read(_SAMPLE_BYTES)
    stream.seek(0)
    return found or "utf-8"


def known_encoding(name: str) -> str:
    """A declared encoding, as Python names it.

    Raises:
        InvalidText: there is none of that name.
    """
    try:
        found = codecs.lookup(name.strip().strip("\"'"))
        "".encode(found.name)
    except (LookupError, ValueError, UnicodeError):
        raise InvalidText(f"there is no encoding {name[:40]!r}; convert the text to UTF-8") from None
    # Pages that say Latin-1 mean Windows's, and so do browsers.
    return _WESTERN if found.name in {"iso8859-1", "ascii"} else found.name


def _told(body: bytes, declared: str | None) -> str | None:
    """The encoding that a mark, a declaration or the look of the bytes leaves no doubt of."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding
    return known_encoding(declared) if declared is not None else _wide(body)


def _wide(body: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of a text that is mostly ASCII is NUL."""
    sample = body[: _SAMPLE_BYTES // 2 * 2]
    if len(sample) < 4:
        return None
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) > 0.7 * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _guessed(body: bytes, error: UnicodeDecodeError) -> str:
    # Imported here: most texts are UTF-8.
    from charset_normalizer import from_bytes

    sample = body[max(0, error.start - _SAMPLE_BYTES // 2) :][:_SAMPLE_BYTES]
    best = from_bytes(sample).best()
    is_sure = best is not None and best.coherence >= _LEAST_COHERENCE
    # Its neighbours have other letters at the same places, and only the language tells which were meant.
    is_other = best is not None and is_sure and best.language not in _WESTERN_LANGUAGES
    if not is_other and _may_be_western(sample):
        return _WESTERN
    if best is not None and is_sure:
        return best.encoding
    raise InvalidText(
        f"not UTF-8: byte 0x{body[error.start]:02x} at {error.start}, and which encoding it is cannot be "
        "told; name it, or convert the text to UTF-8"
    )


def _may_be_western(sample: bytes) -> bool:
    """Whether it is mostly ASCII, and what is not is letters or signs of print."""
    if sum(byte < 128 for byte in sample) < _MOSTLY_ASCII * len(sample):
        return False
    try:
        foreign = {one for one in sample.decode(_WESTERN) if one > "\x7f"}
    except UnicodeDecodeError:
        return False
    return all(one.isalpha() or one in _SIGNS_OF_PRINT for one in foreign)
