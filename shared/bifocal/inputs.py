"""Files, folders and standard input become documents; what cannot be read becomes failures."""

import codecs
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pydantic

from bifocal.contracts import Document, ErrorDetail, Failure
from bifocal.errors import BifocalError, InvalidDocument, InvalidText, UnreadableSource
from bifocal.urls import is_url, read_url

TEXT_SUFFIXES = (".txt", ".md")
LINES_SUFFIX = ".jsonl"
_SUFFIXES = (*TEXT_SUFFIXES, LINES_SUFFIX)

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

    def fail(self, name: str, error: BifocalError, source: str) -> None:
        """Note an input that cannot be read."""
        self.failures.append(Failure(id=name, error=ErrorDetail.of(error), source=source))


def read_inputs(
    paths: list[str], *, leave_out: Path | str | None = None, stdin: IO[bytes] | None = None
) -> Inputs:
    """Read everything under `paths`; never raises for what it finds there.

    A `.txt` or `.md` file is a document whose id is its path. Each line of a `.jsonl` file is an
    object with a `text` and, if it likes, an `id`; other fields are left alone. `-` is standard
    input: lines of JSON objects if it begins with one, otherwise one text. Of folders everything is
    read but `leave_out`, the folder that the reports go to. Files, folders and patterns behind a URL,
    such as `s3://bucket/letters/*.txt`, are read as those on the disk.
    """
    inputs = Inputs()
    left_out_url = str(leave_out) if leave_out and is_url(leave_out) else None
    left_out = Path(leave_out) if leave_out and not left_out_url else None
    for path in paths:
        if path == STDIN:
            _read_stdin((stdin or sys.stdin.buffer).read(), inputs)
        elif is_url(path):
            _read_url(path, left_out_url, inputs)
        elif path:
            _read_path(Path(path), left_out, inputs)
        else:
            inputs.fail("(empty)", UnreadableSource("a path is empty; . is the current folder"), "")
    return inputs


def is_read(name: str) -> bool:
    """Whether files of this name are of a kind that is read."""
    return name.endswith(_SUFFIXES)


def read_body(body: bytes, name: str, inputs: Inputs) -> None:
    """Add what a file of this name holds; never raises for what it finds there."""
    try:
        if not name.endswith(_SUFFIXES):
            raise UnreadableSource(f"a {Path(name).suffix or 'nameless'} file is not read; {_kinds()} are")
        if name.endswith(LINES_SUFFIX):
            _read_lines(body, name, inputs)
        else:
            inputs.add(Document(id=name, text=_decoded(body)), name)
    except BifocalError as error:
        inputs.fail(name, error, name)
    except pydantic.ValidationError:
        inputs.fail(name[:512], UnreadableSource("the path is too long for an id"), name)


def _read_url(url: str, leave_out: str | None, inputs: Inputs) -> None:
    n_found = 0
    try:
        for found in read_url(url, _SUFFIXES, leave_out=leave_out):
            n_found += 1
            if isinstance(found.body, OSError):
                reason = f"{found.name}: {found.body.strerror or found.body}"
                inputs.fail(found.name, UnreadableSource(reason), found.name)
            else:
                read_body(found.body, found.name, inputs)
    except OSError as error:
        inputs.fail(url, UnreadableSource(f"{url}: {error.strerror or error}"), url)
        return
    if not n_found:
        inputs.fail(url, UnreadableSource(f"there is no {_kinds()} file"), url)


def _read_path(path: Path, leave_out: Path | None, inputs: Inputs) -> None:
    try:
        is_folder = path.is_dir()
    except OSError as error:
        _fail_file(path, error, inputs)
        return
    if not is_folder:
        _read_file(path, inputs)
        return
    n_before = len(inputs.failures)
    files = _files_below(path, leave_out, inputs)
    for file in files:
        _read_file(file, inputs)
    if not files and len(inputs.failures) == n_before:
        missing = UnreadableSource(f"the folder holds no {_kinds()} file")
        inputs.fail(_name(path), missing, _name(path))


def _files_below(folder: Path, leave_out: Path | None, inputs: Inputs) -> list[Path]:
    """Files of the kinds that are read, in order; a folder that cannot be listed is a failure."""
    left_out = leave_out.resolve() if leave_out else None
    found = []
    for place, folders, names in os.walk(folder, onerror=lambda error: _fail_file(folder, error, inputs)):
        folders[:] = [name for name in folders if Path(place, name).resolve() != left_out]
        found += [Path(place, name) for name in names if Path(name).suffix in _SUFFIXES]
    return sorted(found)


def _read_file(path: Path, inputs: Inputs) -> None:
    name = _name(path)
    try:
        if path.exists() and not path.is_file():
            raise UnreadableSource("not a regular file")
        if path.suffix not in _SUFFIXES and path.exists():
            raise UnreadableSource(f"a {path.suffix or 'nameless'} file is not read; {_kinds()} are")
        body = path.read_bytes()
    except OSError as error:
        _fail_file(path, error, inputs)
    except BifocalError as error:
        inputs.fail(name, error, name)
    else:
        read_body(body, name, inputs)


def _fail_file(path: Path, error: OSError, inputs: Inputs) -> None:
    name = _name(Path(error.filename)) if error.filename else _name(path)
    inputs.fail(name, UnreadableSource(f"{name}: {error.strerror or error}"), name)


def _name(path: Path) -> str:
    """A path as an id; bytes of it that are not UTF-8 are replaced, for no JSON could hold them."""
    return os.fsencode(path.as_posix()).decode("utf-8", errors="replace")


def _read_stdin(body: bytes, inputs: Inputs) -> None:
    body = body.removeprefix(codecs.BOM_UTF8)
    if body.lstrip()[:1] == b"{":
        _read_lines(body, "stdin", inputs)
        return
    try:
        inputs.add(Document(id="stdin", text=_decoded(body)), "stdin")
    except BifocalError as error:
        inputs.fail("stdin", error, "stdin")


def _read_lines(body: bytes, name: str, inputs: Inputs) -> None:
    for number, line in _numbered(body):
        place = f"{name}:{number}"
        try:
            inputs.add(_from_line(line, place), place)
        except BifocalError as error:
            inputs.fail(place, error, place)


def _from_line(line: bytes, place: str) -> Document:
    try:
        raw = json.loads(_decoded(line))
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(f"line {place} is no JSON: {error}") from None
    if not isinstance(raw, dict) or "text" not in raw:
        raise InvalidDocument(f'line {place} is no object with a "text"')
    text, name = raw["text"], raw.get("id", place)
    if not isinstance(text, str):
        raise InvalidDocument(f'line {place}: "text" is {_json_type(text)}, it must be a string')
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise InvalidDocument(
            f'line {place}: "id" is {_json_type(name)}, it must be a string or a whole number'
        )
    _check_unicode(text, place)
    _check_unicode(str(name), place)
    try:
        return Document(id=str(name), text=text)
    except pydantic.ValidationError:
        raise InvalidDocument(f'line {place}: "id" must have 1 to 512 characters') from None


def _numbered(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their number from 1."""
    return ((n, line) for n, line in enumerate(body.split(b"\n"), 1) if line.strip())


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidText(
            f"not UTF-8: byte 0x{body[error.start]:02x} at {error.start}; convert the text to UTF-8"
        ) from None


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
    return names[type(value)]


def _kinds() -> str:
    return f"{', '.join(TEXT_SUFFIXES)} or {LINES_SUFFIX}"
