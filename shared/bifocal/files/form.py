"""Files as the body of a request, `multipart/form-data` (RFC 7578), read from the disk as they are sent."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_CHUNK_BYTES = 256 * 1024


class Form:
    """A body with a part of JSON for each field, and a part for each file under the name it goes by."""

    def __init__(self, fields: Mapping[str, object], files: Sequence[tuple[str, Path]]) -> None:
        self._fields = fields
        self._files = files
        self._boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={self._boundary}"

    def __iter__(self) -> Iterator[bytes]:
        """The body, piece by piece.

        Raises:
            OSError: a file cannot be read.
        """
        for name, value in self._fields.items():
            yield self._head(name, "application/json") + json.dumps(value).encode() + b"\r\n"
        for name, path in self._files:
            with path.open("rb") as file:
                yield self._head(f'files"; filename="{_quoted(name)}', "application/octet-stream")
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
            yield b"\r\n"
        yield f"--{self._boundary}--\r\n".encode()

    def _head(self, name: str, content_type: str) -> bytes:
        disposition = f'Content-Disposition: form-data; name="{name}"'
        return f"--{self._boundary}\r\n{disposition}\r\nContent-Type: {content_type}\r\n\r\n".encode()


def _quoted(name: str) -> str:
    """A name between quotation marks, as browsers write it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
