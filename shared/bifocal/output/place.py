"""Where reports go: a folder on the disk, or any that fsspec reaches by a URL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bifocal.urls import faults_as_os_errors, is_url, open_filesystem


class Place:
    """A folder that files are put into, each of them whole or not at all.

    Raises:
        OSError: from any method, when the disk or the store behind the URL is at fault.
    """

    def __init__(self, place: Path | str) -> None:
        self._url = str(place).rstrip("/") if is_url(place) else None
        self._folder = Path() if self._url else Path(place)
        self._fs: Any = None
        self._root = ""
        if self._url:
            self._fs, self._root = open_filesystem(self._url)

    def __str__(self) -> str:
        return self._url or str(self._folder)

    def name(self, name: str) -> str:
        """What a file here is called from elsewhere."""
        return f"{self._url}/{name}" if self._url else str(self._folder / name)

    def is_input(self, path: str, name: str) -> bool:
        """Whether the input `path` is the file `name` of this place."""
        if self._url or is_url(path):
            return path == self.name(name)
        return Path(path).resolve() == (self._folder / name).resolve()

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """A folder for files that are put here when they are finished; then it is removed."""
        if not self._url:
            self._folder.mkdir(parents=True, exist_ok=True)
        near = None if self._url else self._folder
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=near) as folder:
            yield Path(folder)

    def put(self, made: Path, name: str) -> None:
        """Move a finished file of `unfinished` here, over what was there."""
        if self._url:
            with faults_as_os_errors():
                self._fs.put_file(str(made), self._full(name))
        else:
            (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
            made.replace(self._folder / name)

    def copy(self, made: Path, name: str) -> None:
        """Copy a file here, over what was there; when this returns, it outlasts the machine's sudden end."""
        if self._url:
            with faults_as_os_errors():
                self._fs.put_file(str(made), self._full(name))
            return
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Of one name, so that a death in between leaves one at most, and the next copy takes it over.
        unfinished = target.with_name(f".{target.name}.unfinished")
        shutil.copyfile(made, unfinished)
        with unfinished.open("rb") as copied:
            os.fsync(copied.fileno())
        unfinished.replace(target)
        _sync_folder(target.parent)

    def size_bytes(self, name: str) -> int:
        """Length of a file; 0 if there is none."""
        with suppress(FileNotFoundError):
            if not self._url:
                return (self._folder / name).stat().st_size
            with faults_as_os_errors():
                return int(self._fs.size(self._full(name)))
        return 0

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        with suppress(FileNotFoundError):
            if not self._url:
                (self._folder / name).unlink()
                return
            with faults_as_os_errors():
                self._fs.rm_file(self._full(name))

    def _full(self, name: str) -> str:
        return f"{self._root}/{name}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
