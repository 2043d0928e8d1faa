"""JSON Lines: an object with a text on each line."""

import codecs
import json
from collections.abc import Iterator
from typing import Any

from bifocal.errors import BifocalError, DocumentTooLarge, InvalidDocument
from bifocal.files.content import Content, Reading
from bifocal.files.encodings import decoded
from bifocal.files.extracted import Extracted
from bifocal.files.formats import Format
from bifocal.files.rows import row_document, row_refused


def read_lines(content: Content) -> Iterator[Extracted]:
    """The document of each line that is not blank."""
    reading = content.reading
    for number, line in _numbered(content):
        try:
            raw = _object(line, f"{content.name}:{number}", reading)
        except BifocalError as error:
            yield row_refused(content, number, error)
            continue
        text, name = raw[reading.text_column or "text"], raw.get(reading.id_column or "id")
        if name is None and (reading.id_column or "id") in raw:
            yield row_refused(content, number, InvalidDocument(f'line {content.name}:{number}: "id" is null'))
            continue
        yield row_document(content, Format.JSONL, number, text, name, "utf-8")


def _numbered(content: Content) -> Iterator[tuple[int, bytes]]:
    most = content.limits.most_text_bytes
    number = 0
    while line := content.stream.readline(most + 1):
        number += 1
        if len(line) > most:
            raise DocumentTooLarge(f"line {number} has more than {most:,} bytes; split its text")
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line.strip():
            yield number, line.rstrip(b"\n")


def _object(line: bytes, place: str, reading: Reading) -> dict[str, Any]:
    try:
        raw = json.loads(decoded(line, "utf-8")[0])
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(f"line {place} is no JSON: {error}") from None
    field = reading.text_column or "text"
    if not isinstance(raw, dict) or field not in raw:
        raise InvalidDocument(f'line {place} is no object with a "{field}"')
    return raw
