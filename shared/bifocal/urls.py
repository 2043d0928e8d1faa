"""Folders and files behind any URL that fsspec opens, such as `s3://bucket/folder`.

Credentials and endpoints come from the environment as each library reads them (`AWS_…`, `FSSPEC_…`), never
from an option of ours: command lines can be read by others.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import fsspec
from fsspec.core import has_magic

from bifocal.errors import InvalidOptions, MissingExtra

#: A protocol before a path, or before another one, as in `simplecache::s3://…`.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")

#: Files that are asked for at once.
_READ_TOGETHER = 64

#: Extra that brings what opens a protocol.
_EXTRAS = {"s3": "s3", "s3a": "s3"}


def is_url(place: object) -> bool:
    """Whether something named as input or output is a URL and no path."""
    return _URL.match(str(place)) is not None


def open_filesystem(url: str) -> tuple[Any, str]:
    """The filesystem behind a URL, and the path there.

    What is listed is never remembered: other processes write there too.

    Raises:
        InvalidOptions: nothing opens such URLs.
        MissingExtra: what opens them is not installed.
    """
    protocol = re.split("::|://", url, maxsplit=1)[0]
    try:
        filesystem, path = fsspec.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        wanted = f"install `bifocal[{extra}]`" if extra else str(error)
        raise MissingExtra(f"{protocol}:// cannot be opened; {wanted}") from None
    except ValueError as error:
        raise InvalidOptions(f"{url}: {error}") from None
    return filesystem, path.rstrip("/")


@contextmanager
def faults_as_os_errors() -> Iterator[None]:
    """Let what libraries of object stores raise of their own be an `OSError`, as it is for a disk."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        # Errors of Python itself are mistakes of a program, and stay what they are.
        if type(error).__module__ == "builtins":
            raise
        raise OSError(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that was found, with what it holds or why it cannot be read."""

    name: str
    """Its URL."""
    body: bytes | OSError


def read_url(url: str, suffixes: Iterable[str], *, leave_out: str | None = None) -> Iterator[Found]:
    """Files at a URL, in order: one file, those that a pattern such as `*.txt` matches, or a folder's.

    Of folders those with one of the `suffixes` are read, but nothing below the URL `leave_out`.

    Raises:
        OSError: what lies there cannot be listed.
    """
    filesystem, root = open_filesystem(url)
    with faults_as_os_errors():
        paths = _paths(filesystem, root, tuple(suffixes))
    if leave_out is not None:
        left_out = open_filesystem(leave_out)[1]
        paths = [path for path in paths if not path.startswith(f"{left_out}/")]
    for start in range(0, len(paths), _READ_TOGETHER):
        together = paths[start : start + _READ_TOGETHER]
        whole = [None] * len(together)
        with faults_as_os_errors():
            bodies = filesystem.cat_ranges(together, whole, whole, on_error="return")
        for path, body in zip(together, bodies, strict=True):
            yield Found(name=filesystem.unstrip_protocol(path), body=_as_read(body))


def _paths(filesystem: Any, root: str, suffixes: tuple[str, ...]) -> list[str]:
    if filesystem.isfile(root):
        return [root]
    if has_magic(root):
        matched = filesystem.glob(root, detail=True)
        files = [path for path, one in matched.items() if one["type"] == "file"]
        folders = [path for path, one in matched.items() if one["type"] == "directory"]
    else:
        files, folders = [], [root]
        if not filesystem.isdir(root):
            raise FileNotFoundError(2, "No such file or folder", filesystem.unstrip_protocol(root))
    found = {path for folder in folders for path in filesystem.find(folder) if path.endswith(suffixes)}
    return sorted({*files, *found})


def _as_read(body: Any) -> bytes | OSError:
    if isinstance(body, bytes | OSError):
        return body
    if isinstance(body, Exception):
        return OSError(f"{type(body).__name__}: {body}")
    return bytes(body)
