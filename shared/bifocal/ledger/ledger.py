"""The ledger: one method for each step of a shard, each of them atomic in Redis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, cast

import redis

from bifocal.contracts import Job, JobCounts, JobState, Options
from bifocal.errors import UnknownJob
from bifocal.ledger.keys import BROKER_PREFIX, IN_FLIGHT, JOBS, PENDING, Keys

#: The last stage of every shard.
MERGE = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A stage of a shard that nobody is at and that no message will bring about."""

    job: str
    shard: int
    stage: str
    attempts: int
    """Times a worker has begun it."""


class Ledger:
    """Jobs, shards, leases and workers in Redis.

    Every method raises `redis.RedisError` when Redis is at fault.
    """

    def __init__(self, client: "redis.Redis", lenses: Sequence[str]) -> None:
        self._redis = client
        self._lenses = tuple(lenses)
        scripts = files("bifocal.ledger")

        def script(name: str) -> Any:
            return client.register_script(scripts.joinpath(f"{name}.lua").read_text())

        self._create_job = script("create_job")
        self._dispatch = script("dispatch")
        self._overdue = script("overdue")
        self._commit_lens = script("commit_lens")
        self._finish_shard = script("finish_shard")
        self._lease = script("lease")
        self._renew_lease = script("renew_lease")
        self._release_lease = script("release_lease")

    @classmethod
    def connect(cls, url: str, lenses: Sequence[str]) -> "Ledger":
        """A ledger on the Redis at `url`; connects at the first use."""
        client = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=15, socket_connect_timeout=5, health_check_interval=10
        )
        return cls(client, lenses)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    # --- acceptance ---------------------------------------------------------------------------

    def create_job(
        self, job: str, *, options: Options, n_refused: int, shard_documents: Sequence[int]
    ) -> None:
        """Accept a job: `shard_documents` counts the documents of each shard, all of them in the store."""
        total = n_refused + sum(shard_documents)
        self._create_job(
            keys=[JOBS, Keys.job(job), PENDING],
            args=[job, options.model_dump_json(), total, n_refused, *shard_documents],
        )

    def job(self, job: str) -> Job:
        """State of a job.

        Raises:
            UnknownJob: there is none of that id.
        """
        fields = cast(dict[str, str], self._redis.hgetall(Keys.job(job)))
        if not fields:
            raise UnknownJob(f"there is no job {job!r}")
        return Job(
            id=job,
            state=JobState(fields["state"]),
            counts=JobCounts(
                total=int(fields["total"]), succeeded=int(fields["succeeded"]), failed=int(fields["failed"])
            ),
            options=Options.model_validate_json(fields["options"]),
            created_at=_time(fields["created_at"]),
            ended_at=_time(fields["ended_at"]) if "ended_at" in fields else None,
        )

    def merged_shards(self, job: str) -> list[int]:
        """Shards of a job whose results can be read, in order."""
        return sorted(int(shard) for shard in cast(set[str], self._redis.smembers(Keys.merged(job))))

    # --- dispatch -----------------------------------------------------------------------------

    def dispatch(self, most_in_flight: int) -> list[tuple[str, int]]:
        """Move pending shards in flight, up to a number; returns (job, shard) for each."""
        return [_split(member) for member in self._dispatch(keys=[PENDING, IN_FLIGHT], args=[most_in_flight])]

    def overdue(self, after_s: float) -> list[Overdue]:
        """Stages to hand out again, of shards dispatched or looked at more than `after_s` ago."""
        stages = (*self._lenses, MERGE)
        queues = [f"{BROKER_PREFIX}{stage}" for stage in stages]
        flat = self._overdue(keys=[IN_FLIGHT, *queues], args=[int(after_s), *stages])
        found = []
        for member, stage, attempts in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
            job, shard = _split(member)
            found.append(Overdue(job=job, shard=shard, stage=stage, attempts=int(attempts)))
        return found

    # --- work ---------------------------------------------------------------------------------

    def lease(self, stage: str, job: str, shard: int, *, owner: str, for_s: float) -> bool:
        """Begin a stage of a shard; False if it is done, or another worker is at it."""
        keys = [Keys.lease(stage, job, shard), Keys.shard(job, shard)]
        return bool(self._lease(keys=keys, args=[owner, int(for_s * 1000), stage]))

    def renew(self, stage: str, job: str, shard: int, *, owner: str, for_s: float) -> bool:
        """Keep a lease; False if it was lost."""
        return bool(self._renew_lease(keys=[Keys.lease(stage, job, shard)], args=[owner, int(for_s * 1000)]))

    def release(self, stage: str, job: str, shard: int, *, owner: str) -> None:
        """Give a lease back."""
        self._release_lease(keys=[Keys.lease(stage, job, shard)], args=[owner])

    def commit_lens(self, lens: str, job: str, shard: int) -> bool:
        """Record a lens output that lies in the store; True if the shard can now be merged."""
        return bool(self._commit_lens(keys=[Keys.shard(job, shard)], args=[lens, *self._lenses]) == 1)

    def finish_shard(self, job: str, shard: int, *, succeeded: int, failed: int) -> bool:
        """Record results that lie in the store; False if another merge was first."""
        return bool(
            self._finish_shard(
                keys=[Keys.shard(job, shard), Keys.job(job), IN_FLIGHT, Keys.merged(job)],
                args=[Keys.member(job, shard), shard, succeeded, failed],
            )
        )

    # --- presence -----------------------------------------------------------------------------

    def announce(self, stage: str, worker: str, *, loaded: str, for_s: float) -> None:
        """Say that a worker is up and what it has loaded."""
        self._redis.set(Keys.worker(stage, worker), loaded, px=int(for_s * 1000))

    def workers(self, stage: str) -> int:
        """Live workers of a stage."""
        return sum(1 for _ in self._redis.scan_iter(match=Keys.worker(stage, "*"), count=1000))

    def ping(self) -> None:
        """Raise unless Redis answers."""
        self._redis.ping()


def _split(member: str) -> tuple[str, int]:
    job, _, shard = member.rpartition(":")
    return job, int(shard)


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
