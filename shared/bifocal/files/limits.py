"""How much a file may take to be read, and what it has taken so far."""

from dataclasses import dataclass
from typing import NoReturn

from bifocal.errors import ExtractionLimit

_MIB = 1024 * 1024

#: Bytes that any file may expand to, whatever its own size.
_FREE_BYTES = 16 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on the reading of one file, archives with all that they hold."""

    wall_s: float = 180.0
    """Time that whoever waits for the file's documents may wait for them together."""
    cpu_s: int = 120
    """Processor time."""
    memory_bytes: int = 1024 * _MIB
    """Address space of the process that reads, interpreter and libraries included."""
    most_file_bytes: int = 2048 * _MIB
    """Size of the file as it is."""
    most_text_bytes: int = 64 * _MIB
    """A text, before it becomes a document."""
    most_expanded_bytes: int = 1024 * _MIB
    """All that is decompressed."""
    most_expansion: int = 200
    """Decompressed bytes for each byte of the file, once they are more than 16 MiB."""
    most_members: int = 10_000
    """Files in an archive and in the archives in it."""
    most_documents: int = 1_000_000
    """Documents in a file."""
    most_refused: int = 1_000
    """Rows or members that cannot be read, until the file is taken for one of another kind."""
    most_depth: int = 3
    """Archives within one another, compression counted."""


class Budget:
    """What a file has left to expand.

    Raises:
        ExtractionLimit: from `spend`, `open_member` and `deeper`, when it has nothing left.
    """

    def __init__(self, limits: Limits, file_bytes: int) -> None:
        self._limits = limits
        self._expanded_bytes = max(_FREE_BYTES, file_bytes * limits.most_expansion)
        self._n_members = 0
        self._depth = 0
        self._spent_bytes = 0
        self.is_spent = False

    def spend(self, n_bytes: int) -> None:
        """Count bytes that were decompressed."""
        self._spent_bytes += n_bytes
        if self._spent_bytes > self._limits.most_expanded_bytes:
            self._end(
                f"it expands to more than {self._limits.most_expanded_bytes:,} bytes; hand over parts of it"
            )
        if self._spent_bytes > self._expanded_bytes:
            self._end(
                f"it expands to more than {self._limits.most_expansion} times its size, as no text does; "
                "unpack it yourself if you trust it"
            )

    def open_member(self) -> None:
        """Count a file in an archive."""
        self._n_members += 1
        if self._n_members > self._limits.most_members:
            self._end(f"the archive holds more than {self._limits.most_members:,} files; divide it")

    def _end(self, why: str) -> NoReturn:
        self.is_spent = True
        raise ExtractionLimit(why)

    def deeper(self) -> None:
        """Go into an archive; `shallower` comes out."""
        self._depth += 1
        if self._depth > self._limits.most_depth:
            raise ExtractionLimit(
                f"archives lie more than {self._limits.most_depth} deep in one another; unpack the outer ones"
            )

    def shallower(self) -> None:
        """Come out of an archive."""
        self._depth -= 1
