"""What a commit to the ledger came to."""

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class LensCommit:
    """What a commit of a lens output came to."""

    counts: bool
    """Whether this very output is the one that is merged; another attempt's can go."""
    releases_merge: bool
    """Whether the shard can be merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LensOutput:
    """Which attempt's output of a lens counts, of how many."""

    attempt: int
    attempts: int


class Finish(IntEnum):
    """What a commit of results came to."""

    LATE = 0
    """Another merge was first: these results can go."""
    FIRST = 1
    ENDS_JOB = 2
    """The first one, of the job's last shard."""
