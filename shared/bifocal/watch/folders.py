"""The folders of a watcher, and what lies in the one that it watches."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bifocal.errors import InvalidOptions
from bifocal.files import is_named_readable
from bifocal.urls import is_url

#: Folder in the watched one that holds what the watcher remembers.
MEMORY = ".bifocal-watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What changes when a file does."""

    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """The stamp of a file."""
        found = path.stat()
        return cls(size_bytes=found.st_size, mtime_ns=found.st_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where files come from, and where they and their reports go.

    Raises:
        InvalidOptions: they cannot be told apart, or the watched one is not there.
    """

    watched: Path
    output: str
    done: Path
    failed: Path

    def __post_init__(self) -> None:
        if not self.watched.is_dir():
            raise InvalidOptions(f"{self.watched} is no folder on this machine")
        for name, place in (("output", self.output), ("done", self.done), ("failed", self.failed)):
            if not is_url(place) and Path(place).resolve() == self.watched.resolve():
                raise InvalidOptions(f"--{name}: {place} is the folder that is watched")

    @property
    def memory(self) -> Path:
        """Where the watcher remembers."""
        return self.watched / MEMORY

    def files(self) -> Iterator[tuple[Path, Stamp]]:
        """Files of the kinds that are read, by their paths from the watched folder, but for hidden ones."""
        own = {self.done.resolve(), self.failed.resolve()}
        if not is_url(self.output):
            own.add(Path(self.output).resolve())
        for place, folders, names in os.walk(self.watched):
            folders[:] = sorted(
                one for one in folders if not one.startswith(".") and Path(place, one).resolve() not in own
            )
            for name in sorted(names):
                if name.startswith(".") or not is_named_readable(name):
                    continue
                path = Path(place, name)
                try:
                    found = path.stat()
                except OSError:  # it is gone, or a link to nowhere
                    continue
                if stat.S_ISREG(found.st_mode):
                    yield (
                        path.relative_to(self.watched),
                        Stamp(size_bytes=found.st_size, mtime_ns=found.st_mtime_ns),
                    )


class Looks:
    """Looks at a folder again and again: a file has settled when it is as it was at the look before."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._before: dict[Path, Stamp] = {}

    def settled(self) -> list[Path]:
        """Look; the files that have settled."""
        now = dict(self._folders.files())
        found = [path for path, stamp in now.items() if self._before.get(path) == stamp]
        self._before = now
        return found
