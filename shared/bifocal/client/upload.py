"""The body of a submission: documents of any number, sent as they come, and kept so that they can be sent
again."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from bifocal.contracts import Document
from bifocal.files.form import Form

#: Bytes of a body that are kept in memory; more of it goes to the disk.
_IN_MEMORY = 1024 * 1024

#: Lines are sent together up to so many bytes.
_CHUNK = 64 * 1024


class _Kept:
    """A body that can be sent more than once, though its documents can be taken only once.

    What has been sent is kept, in memory as long as it is little. Another attempt sends that again, the
    same bytes, and goes on with the documents that have not been taken.
    """

    def __init__(self, header: bytes) -> None:
        self._waiting = [header]
        self._n_waiting = len(header)
        self._sent = SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="bifocal-submission-")  # noqa: SIM115
        self.broke = False
        """Whether the documents ended with an error of their own: then there is no whole body to be sent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sent.close()

    def _again(self) -> Iterator[bytes]:
        """What an earlier attempt has sent."""
        self._sent.seek(0)
        while chunk := self._sent.read(_CHUNK):
            yield chunk

    def _add(self, document: Document) -> Iterator[bytes]:
        """A document's line, with those that wait, when there are enough of them."""
        line = document.model_dump_json().encode() + b"\n"
        self._waiting.append(line)
        self._n_waiting += len(line)
        if self._n_waiting >= _CHUNK:
            yield from self._rest()

    def _rest(self) -> Iterator[bytes]:
        """The lines that wait."""
        if self._waiting:
            chunk = b"".join(self._waiting)
            self._waiting, self._n_waiting = [], 0
            # Kept before it is handed on: nobody comes back here if sending it fails.
            self._sent.seek(0, SEEK_END)
            self._sent.write(chunk)
            yield chunk


class Upload(_Kept):
    """A body for the client that waits."""

    def __init__(self, header: bytes, documents: Iterable[Document]) -> None:
        super().__init__(header)
        self._documents = iter(documents)

    def chunks(self) -> Iterator[bytes]:
        """The body from its beginning."""
        yield from self._again()
        try:
            for document in self._documents:
                yield from self._add(document)
        except Exception:
            self.broke = True
            raise
        yield from self._rest()


class AsyncUpload(_Kept):
    """A body for the client that awaits. A write of a chunk takes less time than a change of threads."""

    def __init__(self, header: bytes, documents: Iterable[Document] | AsyncIterable[Document]) -> None:
        super().__init__(header)
        self._documents = aiter(documents if isinstance(documents, AsyncIterable) else _awaited(documents))

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning."""
        for chunk in self._again():
            yield chunk
        try:
            async for document in self._documents:
                for chunk in self._add(document):
                    yield chunk
        except Exception:
            self.broke = True
            raise
        for chunk in self._rest():
            yield chunk


async def _awaited(documents: Iterable[Document]) -> AsyncIterator[Document]:
    for document in documents:
        yield document


class FileUpload:
    """Files as a body for the client that waits; they are read from the disk at each attempt."""

    broke = False

    def __init__(self, form: Form) -> None:
        self._form = form

    def chunks(self) -> Iterator[bytes]:
        """The body from its beginning."""
        return iter(self._form)


class AsyncFileUpload:
    """Files as a body for the client that awaits."""

    broke = False

    def __init__(self, form: Form) -> None:
        self._form = form

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning."""
        pieces = iter(self._form)
        while (chunk := await asyncio.to_thread(next, pieces, None)) is not None:
            yield chunk
