"""The ledger: one method for each step of a shard, each of them atomic in Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, cast

import redis

from bifocal.contracts import Job, JobCounts, JobState, Options
from bifocal.errors import UnknownJob
from bifocal.ledger.keys import (
    BROKER_PREFIX,
    FRONT,
    IN_FLIGHT,
    JOBS,
    PENDING,
    RECONCILER,
    SENT,
    TOTALS,
    Keys,
)
from bifocal.ledger.outcomes import Finish, LensCommit, LensOutput
from bifocal.ledger.state import LedgerState, read_state

#: The last stage of every shard.
MERGE = "merge"

#: Attempts whose results can count: the rest of what one printable character can say.
MOST_ATTEMPTS = 94
#: Attempt 1 is this and one, as a character.
_FIRST = 32


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
class Overdue:
    """A stage of a shard that nobody is at and that no message will bring about."""

    job: str
    shard: int
    stage: str
    attempts: int
    """Times a worker has begun it and not handed it back."""
    blank: int
    """Attempts of these that died before they named a document."""


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
        self._at_document = script("at_document")
        self._announce = script("announce")
        self._state = script("state")

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
        self,
        job: str,
        *,
        options: Options,
        n_documents: int,
        n_refused: int,
        n_shards: int,
        traceparent: str | None = None,
    ) -> bool:
        """Accept a job whose shards are all in the store; False if there is one of that id already.

        `n_documents` are all, `n_refused` of them were refused at acceptance. `traceparent` is
        that of the request.
        """
        return bool(
            self._create_job(
                keys=[JOBS, Keys.job(job), PENDING, TOTALS],
                args=[job, options.model_dump_json(), n_documents, n_refused, n_shards, traceparent or ""],
            )
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

    def traceparent(self, job: str) -> str | None:
        """That of the request by which a job came, if it was traced."""
        return cast(str | None, self._redis.hget(Keys.job(job), "traceparent"))

    def merged_shards(self, job: str) -> dict[int, int]:
        """Shards of a job whose results can be read, in order, each with the attempt whose results count."""
        merged = cast(str | None, self._redis.get(Keys.merged(job))) or ""
        return {shard: ord(one) - _FIRST for shard, one in enumerate(merged) if one != "\0"}

    # --- dispatch -----------------------------------------------------------------------------

    def dispatch(self, most_in_flight: int) -> list[tuple[str, int]]:
        """Move shards in flight, up to a number, of all jobs in turn; returns (job, shard) for each."""
        found = self._dispatch(keys=[PENDING, IN_FLIGHT, SENT, TOTALS], args=[most_in_flight, *self._lenses])
        return [_split(member) for member in found]

    def overdue(self, *, every_s: float, message_s: float, lease_s: float) -> list[Overdue]:
        """Stages to hand out again; nothing if somebody has looked less than `every_s` ago.

        A message is taken for lost when it is `message_s` old, and a lease for dead that claims to live
        longer than `lease_s`.
        """
        stages = (*self._lenses, MERGE)
        queues = self._queues()
        flat = self._overdue(
            keys=[IN_FLIGHT, RECONCILER, FRONT, SENT, TOTALS, *queues],
            args=[max(1, _ms(every_s)), _ms(message_s), _ms(lease_s), *stages],
        )
        found = []
        for member, stage, attempts, blank in zip(*(flat[k::4] for k in range(4)), strict=True):
            job, shard = _split(member)
            found.append(Overdue(job=job, shard=shard, stage=stage, attempts=int(attempts), blank=int(blank)))
        return found

    # --- work ---------------------------------------------------------------------------------

    def lease(self, stage: str, job: str, shard: int, *, owner: str, for_s: float) -> Attempt | None:
        """Begin a stage of a shard; None if it is done, or another worker is at it."""
        keys = [Keys.lease(stage, job, shard), Keys.shard(job, shard), FRONT, TOTALS]
        found = [int(one) for one in self._lease(keys=keys, args=[owner, _ms(for_s), stage])]
        if not found:
            return None
        number, died, blank, *deaths = found
        return Attempt(
            stage=stage,
            job=job,
            shard=shard,
            owner=owner,
            number=number,
            careful=bool(died),
            blank=blank,
            deaths=dict(zip(deaths[::2], deaths[1::2], strict=True)),
        )

    def renew(self, attempt: Attempt, *, for_s: float, most_s: float) -> bool:
        """Keep a lease; False if it was lost, or has been kept for `most_s` in all."""
        return bool(
            self._renew_lease(
                keys=self._keys(attempt), args=[attempt.owner, _ms(for_s), attempt.stage, _ms(most_s)]
            )
        )

    def release(self, attempt: Attempt, *, undone: bool = False) -> None:
        """Give a lease back; `undone` if the attempt was broken off and nobody is to blame."""
        self._release_lease(keys=self._keys(attempt), args=[attempt.owner, attempt.stage, int(undone)])

    def at(self, attempt: Attempt, place: int) -> bool:
        """Say which document of the shard an attempt is at; False if its lease was lost."""
        return bool(
            self._at_document(keys=self._keys(attempt)[::-1], args=[attempt.owner, attempt.stage, place])
        )

    def commit_lens(self, lens: str, job: str, shard: int, attempt: int) -> LensCommit:
        """Record a lens output that lies in the store."""
        found = self._commit_lens(keys=[Keys.shard(job, shard), SENT], args=[lens, attempt, *self._lenses])
        if not found:
            return LensCommit(counts=False, releases_merge=False)
        return LensCommit(counts=int(found[0]) == attempt, releases_merge=int(found[1]) == 1)

    def outputs(self, job: str, shard: int) -> dict[str, LensOutput]:
        """The output that counts of each lens that has committed one, of a shard that is not merged."""
        fields = cast(dict[str, str], self._redis.hgetall(Keys.shard(job, shard)))
        return {
            lens: LensOutput(
                attempt=int(fields[lens]),
                attempts=max(int(fields[lens]), int(fields.get(f"attempts:{lens}", 0))),
            )
            for lens in self._lenses
            if lens in fields
        }

    def finish_shard(self, job: str, shard: int, attempt: int, *, succeeded: int, failed: int) -> Finish:
        """Record results that lie in the store."""
        return Finish(
            self._finish_shard(
                keys=[Keys.shard(job, shard), Keys.job(job), IN_FLIGHT, Keys.merged(job), TOTALS],
                args=[Keys.member(job, shard), shard, chr(_FIRST + attempt), succeeded, failed],
            )
        )

    def _queues(self) -> list[str]:
        return [f"{BROKER_PREFIX}{stage}" for stage in (*self._lenses, MERGE)]

    @staticmethod
    def _keys(attempt: Attempt) -> list[str]:
        return [
            Keys.lease(attempt.stage, attempt.job, attempt.shard),
            Keys.shard(attempt.job, attempt.shard),
        ]

    # --- presence -----------------------------------------------------------------------------

    def announce(self, stage: str, worker: str, *, loaded: str, for_s: float) -> None:
        """Say that a worker is up and what it has loaded."""
        self._announce(
            keys=[Keys.worker(stage, worker), Keys.workers(stage)],
            args=[worker, loaded, _ms(for_s), Keys.worker(stage, "")],
        )

    def workers(self, stage: str) -> int:
        """Live workers of a stage."""
        names = cast(set[str], self._redis.smembers(Keys.workers(stage)))
        return self._redis.exists(*(Keys.worker(stage, name) for name in names)) if names else 0

    # --- all jobs together --------------------------------------------------------------------

    def state(self) -> LedgerState:
        """How full everything is, and what was counted; takes as long as there are shards in flight."""
        keys = [IN_FLIGHT, PENDING, TOTALS, *self._queues()]
        return read_state(self._state(keys=keys, args=[*self._lenses, MERGE]))

    def ping(self) -> None:
        """Raise unless Redis answers."""
        self._redis.ping()


def _split(member: str) -> tuple[str, int]:
    job, _, shard = member.rpartition(":")
    return job, int(shard)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
