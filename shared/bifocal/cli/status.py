"""Exit statuses of every command."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may rely on; `bifocal --help` tells it too."""

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


#: For the end of `bifocal --help`.
HELP = (
    "Ends with status 0 if every document has its report, 3 if some failed and the others have theirs, 2 on "
    "wrong usage, 1 if bifocal or something it stands on failed, 130 on Ctrl-C, 143 on SIGTERM.\n\n"
    "BIFOCAL_URL names the deployment to talk to, BIFOCAL_API_KEY its key; without, compare and watch start "
    "a stack of their own, and the other commands look for one of `bifocal serve` on this machine."
)
