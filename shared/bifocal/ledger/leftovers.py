"""What lies in the store and is to go, entered before it is removed, so that no death leaves it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bifocal.ledger.keys import ACCEPTING, LEFTOVERS, Keys
from bifocal.lua import Scripts

if TYPE_CHECKING:
    import redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """How often each stage of a merged shard was attempted; outputs lie under the attempts' numbers."""

    attempts: Mapping[str, int]
    counts: int
    """The attempt of the merge whose results count."""


class Leftovers:
    """Blobs of merged shards, and of jobs whose acceptance was never finished."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        script = Scripts(client, "bifocal.ledger")
        self._accepting = script("accepting")
        self._abandon = script("abandon")

    # --- acceptance ---------------------------------------------------------------------------

    def accepting(self, job: str, *, first: bool) -> bool:
        """Say that a job's bodies are about to be written; False if the acceptance was given up."""
        return bool(self._accepting(keys=[ACCEPTING], args=[job, int(first)]))

    def is_accepting(self, job: str) -> bool:
        """Whether a job is being accepted, or its acceptance was given up and is not yet removed."""
        return self._redis.zscore(ACCEPTING, job) is not None

    def abandoned(self, after_s: float) -> list[str]:
        """Jobs whose acceptance nobody has been at for a while; none of them can be created any more."""
        return [str(job) for job in self._abandon(keys=[ACCEPTING], args=[int(after_s * 1000)])]

    def job_is_removed(self, job: str) -> None:
        """There is nothing left of an acceptance that was given up."""
        self._redis.zrem(ACCEPTING, job)

    # --- merged shards ------------------------------------------------------------------------

    def merged(self, after_s: float) -> list[tuple[str, int]]:
        """Shards, as job and number, that were merged a while ago and still have something to remove."""
        seconds, microseconds = self._redis.time()
        before = seconds * 1000 + microseconds // 1000 - int(after_s * 1000)
        members = cast(list[str], self._redis.zrangebyscore(LEFTOVERS, "-inf", before))
        return [(job, int(shard)) for job, _, shard in (member.rpartition(":") for member in members)]

    def traces(self, job: str, shard: int) -> Traces | None:
        """What there may be of a merged shard; None if all of it has been removed."""
        fields = cast(dict[str, str], self._redis.hgetall(Keys.traces(job, shard)))
        if not fields:
            return None
        attempts = {
            name.removeprefix("attempts:"): int(number)
            for name, number in fields.items()
            if name.startswith("attempts:")
        }
        for stage in attempts:
            # An attempt that was handed back is not counted, though its output may be the one that counts.
            attempts[stage] = max(attempts[stage], int(fields.get(stage, 0)))
        return Traces(attempts=attempts, counts=int(fields["counts"]))

    def shard_is_removed(self, job: str, shard: int) -> None:
        """There is nothing left of a merged shard but its results."""
        with self._redis.pipeline(transaction=True) as both:
            both.delete(Keys.traces(job, shard))
            both.zrem(LEFTOVERS, Keys.member(job, shard))
            both.execute()
