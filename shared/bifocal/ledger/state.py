"""How full the ledger is, and what it has counted since it began."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StageState:
    """A stage at one moment, and its counts."""

    waiting: int
    """Shards in flight that need it and that no worker is at."""
    running: int
    """Shards in flight that a worker is at."""
    queue: int
    """Messages in its queue."""
    workers: int
    """Live workers."""
    attempts: int
    """Times a worker began it."""
    died: int
    """Attempts of these that were neither finished nor handed back: the worker died, or failed."""
    sent_again: Mapping[str, int]
    """Messages sent again, by what became of the one before: `message_lost`, `worker_lost`, `handed_back`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """All jobs together at one moment, and counts since the ledger began."""

    jobs_accepted: int
    jobs_ended: int
    documents_accepted: int
    documents_refused: int
    """Documents that could not be read at acceptance, of jobs that were accepted."""
    documents_ended: Mapping[str, int]
    """Accepted documents by how they ended: `succeeded`, `errored`, `canceled`, `expired`."""
    jobs_pending: int
    """Jobs with shards that were not dispatched yet."""
    shards_pending: int
    shards_in_flight: int
    oldest_in_flight_s: float
    """Since the dispatch of the shard that has been in flight longest; 0 without any."""
    stages: Mapping[str, StageState]


#: How a document ends.
OUTCOMES = ("succeeded", "errored", "canceled", "expired")

#: Why a message is sent again.
CAUSES = ("message_lost", "worker_lost", "handed_back")


def read_state(answer: str) -> LedgerState:
    """The state as `state.lua` tells it."""
    found: dict[str, Any] = json.loads(answer)
    totals: dict[str, int] = found["totals"] or {}

    def total(name: str) -> int:
        return int(totals.get(name, 0))

    return LedgerState(
        jobs_accepted=total("jobs_accepted"),
        jobs_ended=total("jobs_ended"),
        documents_accepted=total("accepted"),
        documents_refused=total("refused"),
        documents_ended={outcome: total(outcome) for outcome in OUTCOMES},
        jobs_pending=found["jobs_pending"],
        shards_pending=found["shards_pending"],
        shards_in_flight=found["in_flight"],
        oldest_in_flight_s=found["oldest_ms"] / 1000,
        stages={
            stage: StageState(
                **numbers,
                attempts=total(f"attempts:{stage}"),
                died=total(f"died:{stage}"),
                sent_again={cause: total(f"{cause}:{stage}") for cause in CAUSES},
            )
            for stage, numbers in found["stages"].items()
        },
    )
