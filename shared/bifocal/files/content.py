"""Bytes of a file or of a member of an archive, with all that the reading of them has to know."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any, ClassVar, cast

from bifocal.errors import DocumentTooLarge
from bifocal.files.limits import Budget, Limits

_BUFFER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a user may say about files, where it should not be guessed."""

    text_column: str | None = None
    """Column of tables, or field of lines, that holds the texts."""
    id_column: str | None = None
    """Column, or field, that holds the ids."""
    encoding: str | None = None
    """Encoding of texts that do not say theirs."""

    #: For pydantic, by which requests are read: a name that is not known is no part of it.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A stream of bytes under a name."""

    name: str
    """What documents are called after."""
    format_name: str
    """Name whose ending says which format it should be."""
    stream: "io.BufferedReader[Any]"
    limits: Limits
    budget: Budget
    reading: Reading

    def head(self) -> bytes:
        """Its beginning, up to 64 KiB, which is read again afterwards."""
        return self.stream.peek(_BUFFER_BYTES)[:_BUFFER_BYTES]

    def whole(self, most_bytes: int | None = None) -> bytes:
        """All of it.

        Raises:
            DocumentTooLarge: it is more than `most_bytes`, by default what a text may have.
        """
        most = most_bytes or self.limits.most_text_bytes
        body = self.stream.read(most + 1)
        if len(body) > most:
            raise DocumentTooLarge(f"a text of more than {most:,} bytes is not read; split it")
        return body

    def at_any_place(self) -> IO[bytes]:
        """A stream of the same bytes in which a reader can go to and fro."""
        if self.stream.seekable():
            return self.stream
        return io.BytesIO(self.stream.read())

    def within(self, name: str, format_name: str, stream: IO[bytes]) -> "Content":
        """What is decompressed from it; every byte is counted."""
        buffered = io.BufferedReader(_Metered(stream, self.budget), _BUFFER_BYTES)
        return replace(self, name=name, format_name=format_name, stream=buffered)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """While an archive is open, it counts as deep as it lies."""
        self.budget.deeper()
        try:
            yield
        finally:
            self.budget.shallower()


class _Metered(io.RawIOBase):
    """Bytes that are decompressed as they are read, each of them counted."""

    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        n_bytes = 0
        # As much as there is, so that a look at the beginning sees all of it.
        while n_bytes < len(view):
            chunk = self._stream.read(len(view) - n_bytes)
            if not chunk:
                break
            self._budget.spend(len(chunk))
            view[n_bytes : n_bytes + len(chunk)] = chunk
            n_bytes += len(chunk)
        return n_bytes
