"""Exit statuses of every command."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may rely on; documented in the README."""

    OK = 0
    """Every document has a report."""
    BROKEN = 1
    """bifocal, or something it stands on, failed; there may be no output."""
    USAGE = 2
    """The command or its options are wrong; nothing was done."""
    SOME_FAILED = 3
    """Some documents, or all, ended as failures; the others have their reports."""
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """Told to end, by SIGTERM."""
