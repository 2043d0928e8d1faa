"""What the ledger hands out: attempts at stages, shards to publish, stages to hand out again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bifocal.contracts import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A stage of a shard in a worker's hands, and how it went before.

    `blank` counts the attempts that died, or failed, before they named a document, `deaths` those that died
    at a document, by its place in the shard.
    """

    stage: str
    job: str
    shard: int
    owner: str
    number: int
    """From 1; outputs lie under it, so that a late one is written over nothing."""
    careful: bool
    """Whether an earlier one died, so that this one should name each document before it reads it."""
    blank: int = 0
    deaths: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """A shard that was moved in flight; of a job that is closing nobody works on it any more."""

    job: str
    shard: int
    closing: str | None
    """Why the job is: `canceled` or `expired`."""
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A stage of a shard that nobody is at and that no message will bring about."""

    job: str
    shard: int
    stage: str
    attempts: int
    """Times a worker has begun it and not handed it back."""
    blank: int
    """Attempts of these that died before they named a document."""
    priority: Priority = Priority.BULK
