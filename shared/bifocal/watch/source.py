"""A file that came, at the moment that it was read."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pydantic

from bifocal.contracts import Document, ErrorDetail, Failure
from bifocal.errors import UnreadableSource
from bifocal.files import FileSource, Reader
from bifocal.inputs import Inputs
from bifocal.watch.folders import Stamp

#: Hexadecimal digits of a content's hash in names and ids.
_SHORT = 12
#: Bytes of a name that leave room for the hash and a suffix within the 255 of most filesystems.
_MOST_NAME_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of one content. The same name with another content is another source."""

    path: Path
    """From the watched folder."""
    sha256: str
    stamp: Stamp
    n_documents: int
    failures: tuple[Failure, ...] = ()
    """What of it could not be read."""

    @property
    def name(self) -> str:
        """The path in UTF-8, which a path need not be."""
        return os.fsencode(self.path.as_posix()).decode("utf-8", errors="replace")

    @property
    def key(self) -> str:
        """What its documents' ids begin with."""
        return f"{self.name}@{self.sha256[:_SHORT]}"

    @property
    def report_name(self) -> str:
        """The file that its reports go to."""
        folder, _, name = self.name.rpartition("/")
        short = name.encode()[:_MOST_NAME_BYTES].decode("utf-8", errors="ignore")
        return f"{folder}{'/' if folder else ''}{short}.{self.sha256[:_SHORT]}.jsonl"

    @property
    def hashed_path(self) -> Path:
        """The path with the content's hash in the name."""
        return self.path.with_name(f"{self.path.stem}.{self.sha256[:_SHORT]}{self.path.suffix}")

    def lies_in(self, folder: Path) -> bool:
        """Whether it is still in the watched folder as it was."""
        try:
            return Stamp.of(folder / self.path) == self.stamp
        except OSError:
            return False


def read_source(folder: Path, path: Path, reader: Reader) -> tuple[Source, list[Document]] | None:
    """Read a file and what documents it holds; None if it changes meanwhile.

    Raises:
        OSError: it cannot be read.
    """
    stamp = Stamp.of(folder / path)
    body = (folder / path).read_bytes()
    if Stamp.of(folder / path) != stamp or len(body) != stamp.size_bytes:
        return None
    bare = Source(path=path, sha256=hashlib.sha256(body).hexdigest(), stamp=stamp, n_documents=0)
    inputs = Inputs()
    inputs.take(reader.read(FileSource(name=bare.name, body=body)))
    documents: list[Document] = []
    failures = [
        failure.model_copy(update={"id": _id(bare, failure.id, failure.source or bare.name)})
        for failure in inputs.failures
    ]
    for document, place in zip(inputs.documents, inputs.places, strict=True):
        try:
            documents.append(Document(id=_id(bare, document.id, place), text=document.text))
        except pydantic.ValidationError:
            error = ErrorDetail.of(UnreadableSource("the path and the id together are too long for an id"))
            failures.append(Failure(id=document.id, error=error, source=place))
    source = Source(
        path=path,
        sha256=bare.sha256,
        stamp=stamp,
        n_documents=len(documents),
        failures=tuple(failures),
    )
    return source, documents


def _id(source: Source, name: str, place: str) -> str:
    """The id of a document of a file: its key and, of one among several, the owner's id, or its line, row or
    member."""
    if place == source.name:
        return source.key
    own = name.removeprefix(source.name).lstrip("#/") if name.startswith(source.name) else name
    return f"{source.key}#{own}"
