"""Files, folders and standard input become documents; what cannot be read becomes failures."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bifocal.contracts import Document, ErrorDetail, Failure
from bifocal.errors import BifocalError, UnreadableSource
from bifocal.files import ENDINGS, KINDS, Extracted, FileSource, Reading, Refused, extract, is_named_readable
from bifocal.files.configured import configured_limits
from bifocal.files.names import name_of
from bifocal.settings import settings
from bifocal.urls import is_url, read_url

#: Stands for standard input among the paths.
STDIN = "-"


@dataclass(slots=True)
class Inputs:
    """What was found under some paths."""

    documents: list[Document] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """File, or file and line, that each document came from."""
    failures: list[Failure] = field(default_factory=list)

    def add(self, document: Document, place: str) -> None:
        """Note a document."""
        self.documents.append(document)
        self.places.append(place)

    def take(self, extracted: Iterable[Extracted]) -> None:
        """Note what was found in files."""
        for found in extracted:
            if isinstance(found, Refused):
                self.fail(found.id, found.error, found.source)
            else:
                self.add(Document(id=found.id, text=found.text), found.source)

    def fail(self, name: str, error: BifocalError, source: str) -> None:
        """Note an input that cannot be read."""
        self.failures.append(Failure(id=name, error=ErrorDetail.of(error), source=source))


def read_inputs(
    paths: list[str],
    *,
    leave_out: Path | str | None = None,
    stdin: IO[bytes] | None = None,
    reading: Reading | None = None,
) -> Inputs:
    """Read everything under `paths`; never raises for what it finds there.

    A file is a document whose id is its path, or holds several: rows of a table, lines of JSON objects,
    members of an archive (`bifocal.files` has the formats). `-` is standard input: lines of JSON objects if
    it begins with one, otherwise one file. Of folders everything with the ending of a format that is read
    is taken, but for `leave_out`, the folder that the reports go to. Files, folders and patterns behind a
    URL, such as `s3://bucket/letters/*.txt`, are read as those on the disk.
    """
    inputs = Inputs()
    with ExitStack() as open_until_the_end:
        sources = _sources(paths, leave_out, stdin or sys.stdin.buffer, inputs, open_until_the_end)
        inputs.take(extract(sources, limits=configured_limits(settings()), reading=reading))
    return inputs


def _sources(
    paths: list[str],
    leave_out: Path | str | None,
    stdin: IO[bytes],
    inputs: Inputs,
    open_until_the_end: ExitStack,
) -> Iterator[FileSource]:
    left_out_url = str(leave_out) if leave_out and is_url(leave_out) else None
    left_out = Path(leave_out) if leave_out and not left_out_url else None
    for path in paths:
        if path == STDIN:
            folder = tempfile.TemporaryDirectory(prefix="bifocal-stdin-")
            held = Path(open_until_the_end.enter_context(folder), "stdin")
            with held.open("wb") as copy:
                shutil.copyfileobj(stdin, copy)
            yield FileSource(name="stdin", path=held)
        elif is_url(path):
            yield from _behind(path, left_out_url, inputs)
        elif path:
            yield from (FileSource(name=name_of(file), path=file) for file in _below(path, left_out, inputs))
        else:
            inputs.fail("(empty)", UnreadableSource("a path is empty; . is the current folder"), "")


def _behind(url: str, leave_out: str | None, inputs: Inputs) -> Iterator[FileSource]:
    """What is to be read of a URL."""
    n_found = 0
    try:
        for found in read_url(url, ENDINGS, leave_out=leave_out):
            n_found += 1
            if isinstance(found.body, OSError):
                reason = f"{found.name}: {found.body.strerror or found.body}"
                yield FileSource(name=found.name, error=UnreadableSource(reason))
            else:
                yield FileSource(name=found.name, body=found.body)
    except OSError as error:
        inputs.fail(url, UnreadableSource(f"{url}: {error.strerror or error}"), url)
        return
    if not n_found:
        inputs.fail(url, UnreadableSource(f"there is no file that is read; {KINDS} are"), url)


def _below(name: str, leave_out: Path | None, inputs: Inputs) -> list[Path]:
    """The file of that name, or what is to be read of the folder."""
    path = Path(name)
    try:
        is_folder = path.is_dir()
    except OSError as error:
        _fail_file(path, error, inputs)
        return []
    if not is_folder:
        return [path]
    n_before = len(inputs.failures)
    files = _files_below(path, leave_out, inputs)
    if not files and len(inputs.failures) == n_before:
        missing = UnreadableSource(f"the folder holds no file that is read; {KINDS} are")
        inputs.fail(name_of(path), missing, name_of(path))
    return files


def _files_below(folder: Path, leave_out: Path | None, inputs: Inputs) -> list[Path]:
    """Files of the kinds that are read, in order; a folder that cannot be listed is a failure."""
    left_out = leave_out.resolve() if leave_out else None
    found = []
    for place, folders, names in os.walk(folder, onerror=lambda error: _fail_file(folder, error, inputs)):
        folders[:] = [name for name in folders if Path(place, name).resolve() != left_out]
        found += [Path(place, name) for name in names if is_named_readable(name)]
    return sorted(found)


def _fail_file(path: Path, error: OSError, inputs: Inputs) -> None:
    name = name_of(Path(error.filename)) if error.filename else name_of(path)
    inputs.fail(name, UnreadableSource(f"{name}: {error.strerror or error}"), name)
