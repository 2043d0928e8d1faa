"""Request bodies of any length: to a temporary file as they come, and read from it document by document."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from fastapi import Request

from bifocal.errors import BifocalError, InvalidDocument, InvalidRequest, RequestTooLarge

JSON, NDJSON = "application/json", "application/x-ndjson"

#: Bytes of a body that are kept in memory; more of it goes to the disk.
_IN_MEMORY = 1024 * 1024

#: Fields that a line of NDJSON has if it is no document but says what to do with those that follow.
HEADER = {"options", "terms", "deadline_s", "priority", "webhook", "schema_version"}


def _nothing() -> None:
    """A body that was read leaves nothing open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Stands in the place of a document of which nothing can be made out."""

    error: BifocalError
    name: str | None = None
    """What it is called, if that is known."""
    source: str | None = None
    """File and row, or member, that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBody:
    """What a request asks for. `documents` are read while they are taken, and can be taken once."""

    header: dict[str, Any]
    documents: Iterator[Any]
    close: Callable[[], None] = _nothing
    """To be called when no more documents are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The whole body of a request, at its beginning, and the SHA-256 of it and of its type."""

    file: IO[bytes]
    fingerprint: str


@asynccontextmanager
async def received(request: Request, *, most_bytes: int) -> AsyncIterator[Received]:
    """Take in the body of a request.

    Raises:
        RequestTooLarge: it has more than `most_bytes`.
    """
    n_bytes = 0
    digest = hashlib.sha256(request.headers.get("content-type", "").encode() + b"\n")
    with SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="bifocal-body-") as body:
        async for chunk in request.stream():
            n_bytes += len(chunk)
            if n_bytes > most_bytes:
                raise RequestTooLarge(
                    f"the body is over {most_bytes:,} bytes; submit fewer documents at once"
                )
            digest.update(chunk)
            body.write(chunk)
        body.seek(0)
        yield Received(file=body, fingerprint=digest.hexdigest())


def read_json(body: IO[bytes]) -> JobBody:
    """A body that is one JSON object, `JobRequest`; it is in memory as a whole.

    Raises:
        InvalidRequest: it is none, or has no list of documents.
    """
    try:
        decoded = json.load(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from error
    if (
        not isinstance(decoded, dict)
        or not isinstance(decoded.get("documents"), list)
        or not decoded["documents"]
    ):
        raise InvalidRequest('the body must be an object with "documents", a list that is not empty')
    documents = decoded.pop("documents")
    return JobBody(header=decoded, documents=iter(documents))


def read_lines(body: IO[bytes]) -> JobBody:
    """A body of NDJSON: a line with options and terms, if any are wanted, and a line for each document.

    A line that is no JSON is a document that cannot be read.

    Raises:
        InvalidRequest: there is no document.
    """
    lines = (_decoded(line, number) for number, line in enumerate(body, 1) if line.strip())
    first = next(lines, None)
    header: dict[str, Any] = {}
    if isinstance(first, dict) and first and first.keys() <= HEADER:
        header, first = first, next(lines, None)
    if first is None:
        raise InvalidRequest("the body holds no document: a line for each, a JSON object with its text")
    return JobBody(header=header, documents=chain([first], lines))


def _decoded(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unreadable(error=InvalidDocument(f"line {number} is not JSON: {error}"))
