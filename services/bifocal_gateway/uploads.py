"""Files of a request: to a temporary folder as they come, and read from it in processes of their own."""

import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pydantic
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from bifocal.errors import ExtractionLimit, InvalidOptions, InvalidRequest, RequestTooLarge
from bifocal.files import FileSource, Reading, Refused, extract
from bifocal.files.configured import configured_limits
from bifocal.files.names import shown_name
from bifocal.settings import Settings
from bifocal_gateway.body import HEADER, JobBody, Unreadable
from bifocal_gateway.pydantic_messages import first_error

MULTIPART = "multipart/form-data"

#: Parts that are JSON; all of them but `reading` say what they say in a body that is JSON.
_FIELDS = frozenset(HEADER | {"reading"})
_FILES = "files"
_MOST_FIELD_BYTES = 4 * 1024 * 1024

#: Of a column or an encoding.
_MOST_NAME_CHARS = 200

_READING: pydantic.TypeAdapter[Reading] = pydantic.TypeAdapter(Reading)


@dataclass(slots=True, kw_only=True)
class Upload:
    """What came with a request: files on the disk, in order, and what to do with them."""

    header: dict[str, Any] = field(default_factory=dict)
    files: list[FileSource] = field(default_factory=list)
    fingerprint: str = ""
    """SHA-256 of all that it says, whatever the boundary between its parts."""


@asynccontextmanager
async def uploaded(request: Request, settings: Settings) -> AsyncIterator[Upload]:
    """The parts of a request, whose files lie in a folder that goes with it.

    Raises:
        InvalidRequest: it is no such request, or holds no file.
        RequestTooLarge: there is too much of it.
    """
    _, parameters = parse_options_header(request.headers.get("content-type", ""))
    if not parameters.get(b"boundary"):
        raise InvalidRequest("the content type has no boundary; let the HTTP library write it")
    with tempfile.TemporaryDirectory(prefix="bifocal-upload-", ignore_cleanup_errors=True) as folder:
        parts = _Parts(Path(folder), settings)
        n_bytes = 0
        try:
            parser = MultipartParser(parameters[b"boundary"], parts.callbacks())
            async for chunk in request.stream():
                n_bytes += len(chunk)
                if n_bytes > settings.max_job_bytes:
                    raise RequestTooLarge(
                        f"the body is over {settings.max_job_bytes:,} bytes; submit fewer files at once"
                    )
                parser.write(chunk)
            parser.finalize()
        except FormParserError as error:
            raise InvalidRequest(f"the body is no {MULTIPART}: {error}") from None
        finally:
            parts.close()
        if not parts.is_whole:
            raise InvalidRequest(
                f"the body ends before its last part; send it again ({n_bytes:,} bytes came)"
            )
        if not parts.upload.files:
            raise InvalidRequest(f"there is no part named {_FILES}: one for each file, with its name")
        yield parts.upload


def read_upload(upload: Upload, settings: Settings) -> JobBody:
    """The documents of an upload, which are read as they are taken.

    Raises:
        InvalidOptions: the part `reading` is not what it should be.
    """
    header = dict(upload.header)
    try:
        reading = _READING.validate_python(header.pop("reading", {}))
    except pydantic.ValidationError as error:
        raise InvalidOptions(f"reading.{first_error(error)}") from error
    if any(len(value or "") > _MOST_NAME_CHARS for value in asdict(reading).values()):
        raise InvalidOptions(f"reading: a name has at most {_MOST_NAME_CHARS} characters")
    documents = _documents(upload.files, reading, settings)
    return JobBody(header=header, documents=documents, close=documents.close)


def _documents(
    files: list[FileSource], reading: Reading, settings: Settings
) -> Generator[dict[str, str] | Unreadable, None, None]:
    for found in extract(
        files,
        limits=configured_limits(settings),
        reading=reading,
        processes=settings.extraction_processes,
    ):
        if isinstance(found, Refused):
            yield Unreadable(error=found.error, name=found.id, source=found.source)
        else:
            yield {"id": found.id, "text": found.text}


class _Parts:
    """Takes in parts as the parser finds them; each file goes to the disk under a number."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.upload = Upload()
        self.is_whole = False
        self._folder = folder
        self._settings = settings
        self._header_name = self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name = self._file_name = ""
        self._body = bytearray()
        self._file: IO[bytes] | None = None
        self._n_bytes = 0
        self._digest = hashlib.sha256()

    def callbacks(self) -> Any:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def close(self) -> None:
        """Close what a broken upload left open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._headers, self._body, self._n_bytes = {}, bytearray(), 0

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        self._name = _decoded(options.get(b"name", b""))
        self._file_name = shown_name(_decoded(options.get(b"filename", b"")))
        if self._name == _FILES:
            if not self._file_name:
                raise InvalidRequest(f"a part named {_FILES} has no file name; its documents go by it")
            if len(self.upload.files) == self._settings.max_upload_files:
                raise RequestTooLarge(
                    f"there are more than {self._settings.max_upload_files:,} files; submit fewer at once"
                )
            self._file = self._path().open("wb")
        elif self._name not in _FIELDS:
            known = ", ".join((_FILES, *sorted(_FIELDS)))
            raise InvalidRequest(f"there is no part named {self._name[:40]!r}; there are {known}")
        elif self._name in self.upload.header:
            raise InvalidRequest(f"the part {self._name} comes twice")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._n_bytes += end - start
        self._digest.update(data[start:end])
        if self._file is not None:
            # What is over the limit is not kept; the file is refused at its end, and the others go on.
            if self._n_bytes <= self._settings.max_file_bytes:
                self._file.write(data[start:end])
            return
        if self._n_bytes > _MOST_FIELD_BYTES:
            raise RequestTooLarge(f"the part {self._name} is over {_MOST_FIELD_BYTES:,} bytes")
        self._body += data[start:end]

    def _end(self) -> None:
        # Behind the part, so that no two different uploads come to the same bytes.
        ended = json.dumps([self._name, self._file_name, self._n_bytes])
        self._digest.update(ended.encode())
        if self._file is None:
            self.upload.header[self._name] = _json(self._name, bytes(self._body))
            return
        self._file.close()
        self._file = None
        self.upload.files.append(self._source())

    def _whole(self) -> None:
        self.is_whole = True
        self.upload.fingerprint = self._digest.hexdigest()

    def _path(self) -> Path:
        return self._folder / f"{len(self.upload.files):06d}"

    def _source(self) -> FileSource:
        most, error = self._settings.max_file_bytes, None
        if self._n_bytes > most:
            error = ExtractionLimit(
                f"it has {self._n_bytes:,} bytes, and a file may have {most:,}; divide it"
            )
        _, parameters = parse_options_header(self._headers.get(b"content-type", b"").decode("latin-1"))
        encoding = parameters.get(b"charset", b"").decode("latin-1") or None
        return FileSource(name=self._file_name, path=self._path(), encoding=encoding, error=error)


def _json(name: str, body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"the part {name} is not JSON: {error}") from None


def _decoded(name: bytes) -> str:
    """A name as browsers and libraries send it, which is in UTF-8."""
    return name.decode("utf-8", "replace")
