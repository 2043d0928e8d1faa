"""The ledger: one method for each step of a shard, each of them atomic in Redis."""

import time
from collections.abc import Sequence
from typing import cast

import redis

from bifocal.contracts import Job, JobPage, JobState, Options, Priority
from bifocal.errors import ExpiredJob, UnknownJob
from bifocal.ledger.claims import Claims
from bifocal.ledger.deliveries import Deliveries
from bifocal.ledger.jobs import list_jobs, read_job
from bifocal.ledger.keys import (
    ACCEPTING,
    BROKER_PREFIX,
    DEADLINES,
    ENDED,
    FRONT,
    IN_FLIGHT,
    JOBS,
    LEFTOVERS,
    PENDING,
    PENDING_INTERACTIVE,
    RECONCILER,
    SENT,
    TOTALS,
    WAITING,
    WAITING_OF,
    Keys,
    queue_name,
)
from bifocal.ledger.leftovers import Leftovers
from bifocal.ledger.outcomes import Finish, LensCommit
from bifocal.ledger.state import OUTCOMES, LedgerState, read_state
from bifocal.ledger.version import LedgerVersion
from bifocal.ledger.work import Attempt, Dispatched, Overdue
from bifocal.lua import Scripts

#: The last stage of every shard.
MERGE = "merge"

#: Attempts whose results can count: the rest of what one printable character can say.
MOST_ATTEMPTS = 94
#: Attempt 1 is this and one, as a character.
_FIRST = 32


class Ledger:
    """Jobs, shards, leases and workers in Redis.

    Every method raises `redis.RedisError` when Redis is at fault.
    """

    def __init__(self, client: "redis.Redis", lenses: Sequence[str]) -> None:
        self._redis = client
        self._lenses = tuple(lenses)
        self.leftovers = Leftovers(client)
        self.claims = Claims(client)
        self.deliveries = Deliveries(client)
        self.version = LedgerVersion(client)
        script = Scripts(client, "bifocal.ledger")
        self._create_job = script("create_job")
        self._dispatch = script("dispatch")
        self._overdue = script("overdue")
        self._commit_lens = script("commit_lens")
        self._finish_shard = script("finish_shard")
        self._lease = script("lease")
        self._renew_lease = script("renew_lease")
        self._release_lease = script("release_lease")
        self._at_document = script("at_document")
        self._forget_job = script("forget_job")
        self._close_jobs = script("close_jobs")
        self._cancel_job = script("cancel_job")
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
        announced: bool = False,
        deadline_s: float | None = None,
        traceparent: str | None = None,
        owner: str = "",
        priority: Priority = Priority.BULK,
        webhook: str | None = None,
    ) -> bool:
        """Accept a job whose shards are all in the store; False if there is one of that id already.

        `n_documents` are all, `n_refused` of them were refused at acceptance; what is not merged in
        `deadline_s` from now ends as failures. Of one that was `announced` as being accepted it is False too
        if the acceptance was given up since. `traceparent` is that of the request, `owner` whose it is,
        `webhook` the URL of who is told of the end.
        """
        return bool(
            self._create_job(
                keys=[
                    JOBS,
                    Keys.job(job),
                    PENDING_INTERACTIVE if priority is Priority.INTERACTIVE else PENDING,
                    ACCEPTING,
                    WAITING,
                    ENDED,
                    DEADLINES,
                    TOTALS,
                    Keys.jobs_of(owner),
                    WAITING_OF,
                ],
                args=[
                    job,
                    options.model_dump_json(),
                    n_documents,
                    n_refused,
                    n_shards,
                    int(announced),
                    "" if deadline_s is None else deadline_s,
                    traceparent or "",
                    owner,
                    priority,
                    webhook or "",
                ],
            )
        )

    def job(self, job: str, *, owner: str | None = None) -> Job:
        """State of a job; with `owner`, of one of his.

        Raises:
            UnknownJob: there is none of that id, or it is somebody else's.
            ExpiredJob: there was one.
        """
        fields = cast(dict[str, str], self._redis.hgetall(Keys.job(job)))
        if not fields:
            gone = cast(str | None, self._redis.get(Keys.expired(job)))
            if gone is not None and owner in (None, gone):
                raise ExpiredJob(f"the results of job {job!r} are no longer kept")
        if not fields or owner not in (None, fields["owner"]):
            raise UnknownJob(f"there is no job {job!r}")
        return read_job(job, fields, time.time())

    def jobs(
        self, owner: str | None, *, limit: int, cursor: str | None = None, state: JobState | None = None
    ) -> JobPage:
        """Some jobs, the latest first: those of an owner, or of all for None.

        Raises:
            InvalidRequest: the cursor is none.
        """
        return list_jobs(self._redis, owner, limit=limit, cursor=cursor, state=state)

    def cancel(self, job: str) -> bool:
        """Let nothing more of a job be begun; False if it has ended, or was canceled before."""
        return bool(self._cancel_job(keys=[Keys.job(job), DEADLINES], args=[job]))

    def has_ended(self, job: str) -> bool:
        """Whether there is no more to come of a job, be it that it is gone."""
        return self._redis.hget(Keys.job(job), "state") in (None, JobState.ENDED)

    def is_known(self, job: str) -> bool:
        """Whether there is, or was, such a job."""
        return bool(self._redis.exists(Keys.job(job), Keys.expired(job)))

    def traceparent(self, job: str) -> str | None:
        """That of the request by which a job came, if it was traced."""
        return cast(str | None, self._redis.hget(Keys.job(job), "traceparent"))

    def merged_shards(self, job: str) -> dict[int, int]:
        """Shards of a job whose results can be read, in order, each with the attempt whose results count."""
        merged = cast(str | None, self._redis.get(Keys.merged(job))) or ""
        return {shard: ord(one) - _FIRST for shard, one in enumerate(merged) if one != "\0"}

    def waiting_shards(self, owner: str | None = None) -> int:
        """Shards that are accepted and not merged: those of an owner's jobs, or of all for None."""
        n = self._redis.get(WAITING) if owner is None else self._redis.hget(WAITING_OF, owner)
        return int(cast(str | None, n) or 0)

    def memory_share(self) -> float:
        """How much Redis uses of the memory that it may; 0 where there is no limit."""
        memory = cast(dict[str, int], self._redis.info("memory"))
        most = memory.get("maxmemory", 0)
        return memory["used_memory"] / most if most else 0.0

    # --- the end of a job ---------------------------------------------------------------------

    def ended_before(self, ago_s: float, most: int = 1_000) -> list[str]:
        """Jobs that ended longer ago, the first ones first."""
        now, _ = self._redis.time()
        found = self._redis.zrange(ENDED, "-inf", now - ago_s, byscore=True, offset=0, num=most)
        return cast(list[str], found)

    def forget_job(self, job: str, *, remember_s: float) -> bool:
        """Forget a job that has ended; False if it has not. It is remembered that there was one."""
        owner = cast(str | None, self._redis.hget(Keys.job(job), "owner")) or ""
        keys = [JOBS, ENDED, Keys.job(job), Keys.merged(job), Keys.expired(job), Keys.jobs_of(owner)]
        return bool(self._forget_job(keys=keys, args=[job, max(1, _ms(remember_s))]))

    # --- dispatch -----------------------------------------------------------------------------

    def dispatch(self, most_in_flight: int) -> list[Dispatched]:
        """Move shards in flight, up to a number, of all jobs in turn.

        Interactive jobs come first, and may have as many in flight beside those.
        """
        flat = self._dispatch(
            keys=[PENDING_INTERACTIVE, PENDING, IN_FLIGHT, SENT], args=[most_in_flight, *self._lenses]
        )
        found = []
        for member, closing, priority in zip(*(flat[k::3] for k in range(3)), strict=True):
            job, shard = _split(member)
            found.append(
                Dispatched(job=job, shard=shard, closing=closing or None, priority=Priority(priority))
            )
        return found

    def close_jobs(self) -> list[Dispatched]:
        """Close jobs that were canceled or whose deadline has passed; returns their shards in flight."""
        flat = cast(list[str], self._close_jobs(keys=[DEADLINES]))
        closed = dict(zip(flat[::2], flat[1::2], strict=True))
        if not closed:
            return []
        flying = [_split(member) for member in cast(list[str], self._redis.zrange(IN_FLIGHT, 0, -1))]
        return [
            Dispatched(job=job, shard=shard, closing=closed[job], priority=Priority.BULK)
            for job, shard in flying
            if job in closed
        ]

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
        for member, stage, attempts, blank, priority in zip(*(flat[k::5] for k in range(5)), strict=True):
            job, shard = _split(member)
            found.append(
                Overdue(
                    job=job,
                    shard=shard,
                    stage=stage,
                    attempts=int(attempts),
                    blank=int(blank),
                    priority=Priority(priority),
                )
            )
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

    def outputs(self, job: str, shard: int) -> dict[str, int]:
        """The attempt whose output counts, of each lens that has committed one, of a shard not yet merged."""
        values = cast(list[str | None], self._redis.hmget(Keys.shard(job, shard), list(self._lenses)))
        found = zip(self._lenses, values, strict=True)
        return {lens: int(attempt) for lens, attempt in found if attempt is not None}

    def finish_shard(
        self,
        job: str,
        shard: int,
        attempt: int,
        *,
        succeeded: int = 0,
        errored: int = 0,
        canceled: int = 0,
        expired: int = 0,
    ) -> Finish:
        """Record results that lie in the store, with how many documents ended how."""
        counts = zip(OUTCOMES, (succeeded, errored, canceled, expired), strict=True)
        outcomes = [part for outcome, n in counts if n for part in (outcome, n)]
        return Finish(
            self._finish_shard(
                keys=[
                    Keys.shard(job, shard),
                    Keys.job(job),
                    IN_FLIGHT,
                    Keys.merged(job),
                    Keys.traces(job, shard),
                    LEFTOVERS,
                    WAITING,
                    ENDED,
                    DEADLINES,
                    TOTALS,
                    WAITING_OF,
                ],
                args=[Keys.member(job, shard), shard, attempt, *outcomes],
            )
        )

    def _queues(self) -> list[str]:
        return [
            f"{BROKER_PREFIX}{queue_name(stage, priority)}"
            for stage in (*self._lenses, MERGE)
            for priority in (Priority.BULK, Priority.INTERACTIVE)
        ]

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
        keys = [IN_FLIGHT, PENDING, PENDING_INTERACTIVE, WAITING, TOTALS, *self._queues()]
        return read_state(self._state(keys=keys, args=[*self._lenses, MERGE]))

    def ping(self) -> None:
        """Raise unless Redis answers."""
        self._redis.ping()


def _split(member: str) -> tuple[str, int]:
    job, _, shard = member.rpartition(":")
    return job, int(shard)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
