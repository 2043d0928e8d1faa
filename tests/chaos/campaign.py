"""Many documents, and processes that die at random while these are on their way."""

import json
import random
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import redis

from bifocal.errors import UnknownJob
from chaos.documents import pool
from chaos.recovery import recovery_times, repeated, spread
from chaos.sabotage import Sabotage
from chaos.stack import LightStack, NotAnswered
from chaos.striker import Striker
from chaos.verifier import Findings, Verifier

#: Different texts; a run takes from them again and again.
_TEXTS = 200
_DOCUMENTS_OF_A_JOB = 40
_OUTSTANDING_JOBS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign does; the seed says to whom and when."""

    documents: int
    kills: int
    redis_restarts: int
    seed: int
    control: Sabotage = Sabotage.NONE
    lease_s: float = 2.0
    stall_s: float = 30.0
    """Without progress for so long, what has not ended is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    holds: bool
    report: dict[str, Any]


class Campaign:
    """One run on a stack of its own, with two workers for each stage."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311
        self._texts = pool(_TEXTS)
        self._unanswered = 0
        self._all_are_submitted = False
        self._stopping = False
        self._ended: set[str] = set()
        self._done = 0

    def run(self) -> Outcome:
        """Learn what an undisturbed run says, disturb one, and hold it against that."""
        env = {"BIFOCAL_LEASE_S": str(self._plan.lease_s), "BIFOCAL_MAX_ATTEMPTS": "5"}
        with LightStack(workers=2, env=env) as stack:
            stack.wait_for_control()
            verifier = Verifier(stack)
            verifier.learn(self._texts)
            verifier.answered.clear()
            stack.record.write_text("")
            stack.env["CHAOS_SABOTAGE"] = self._plan.control
            striker = Striker(stack, self._random, stopped_s=1.5 * self._plan.lease_s)
            begun = time.monotonic()
            striker.arm()
            submitting = threading.Thread(target=self._submit, args=(verifier,), daemon=True)
            submitting.start()
            restarts = self._disturb(stack, verifier, striker)
            wall_s = time.monotonic() - begun
            self._stopping = True
            submitting.join()
            found = verifier.check(clean_within_s=2 if self._plan.control else 30)
            return self._outcome(stack, striker, found, wall_s, restarts)

    def _disturb(self, stack: LightStack, verifier: Verifier, striker: Striker) -> int:
        """Strike as documents are done, until all are or nothing moves; returns the restarts of Redis."""
        plan = self._plan
        kills = self._moments(plan.kills)
        restarts = self._moments(plan.redis_restarts)
        moved = time.monotonic()
        while time.monotonic() - moved < plan.stall_s:
            striker.bring_back()
            before = self._done
            self._look(stack, verifier)
            if self._done != before:
                moved = time.monotonic()
            if self._all_are_submitted and self._ended >= verifier.answered.keys():
                break
            if len(striker.deaths) < plan.kills and kills and self._done >= kills[0]:
                kills.pop(0)
                striker.strike()
            if restarts and self._done >= restarts[0]:
                restarts.pop(0)
                stack.kill_redis()
                stack.start_redis()
            time.sleep(0.02)
        self._let_all_go_on(striker)
        return plan.redis_restarts - len(restarts)

    def _moments(self, n: int) -> list[float]:
        """Numbers of documents done at which something happens, spread over the run."""
        apart = self._plan.documents / (n + 1)
        return sorted(apart * (k + 0.5 + self._random.random()) for k in range(n))

    def _submit(self, verifier: Verifier) -> None:
        left = self._plan.documents
        drawn = random.Random(self._plan.seed)  # noqa: S311
        while left and not self._stopping:
            if len(verifier.answered) - len(self._ended) >= _OUTSTANDING_JOBS:
                time.sleep(0.01)
                continue
            documents = drawn.sample(self._texts, min(left, _DOCUMENTS_OF_A_JOB))
            try:
                verifier.submit(documents)
                left -= len(documents)
            except NotAnswered:
                self._unanswered += 1
                time.sleep(0.05)
        self._all_are_submitted = not left

    def _look(self, stack: LightStack, verifier: Verifier) -> None:
        """Count the documents that are done."""
        done = 0
        for job, ids in list(verifier.answered.items()):
            if job in self._ended:
                done += len(ids)
                continue
            try:
                counts = stack.ledger.job(job).counts
            except (redis.RedisError, UnknownJob):
                continue
            done += counts.done
            if counts.done == counts.total:
                self._ended.add(job)
        self._done = max(self._done, done)

    def _let_all_go_on(self, striker: Striker) -> None:
        """Nothing is stopped any more, nor gone, so that what is left to tidy up can be."""
        deadline = time.monotonic() + 2 * self._plan.lease_s
        while time.monotonic() < deadline:
            striker.bring_back()
            time.sleep(0.02)

    def _outcome(
        self, stack: LightStack, striker: Striker, found: Findings, wall_s: float, restarts: int
    ) -> Outcome:
        record = [json.loads(line) for line in stack.record.read_text().splitlines()]
        again, deaths = repeated(record), len(striker.deaths)
        # No document is to blame here, so none may end as a failure.
        holds = found.holds and not found.failed and found.submitted == self._plan.documents
        report = {
            "contract_holds": holds,
            **asdict(self._plan),
            "submitted": found.submitted,
            "exactly_once": found.exactly_once,
            "lost": len(found.lost),
            "duplicated": len(found.duplicated),
            "pending": len(found.pending),
            "byte_identical": found.identical,
            "failed": len(found.failed),
            "left_behind": len(found.left_behind),
            "submissions_not_answered": self._unanswered,
            "deaths": deaths,
            "deaths_by_process": striker.counts(),
            "stops": striker.stops,
            "redis_restarted": restarts,
            "executions": sum(line["event"] == "begins" for line in record),
            "duplicate_executions": again,
            "duplicate_executions_per_death": round(again / max(deaths, 1), 2),
            "recovery": spread(recovery_times(record, striker.deaths)),
            "wall_s": round(wall_s, 1),
            "examples": [
                *found.lost[:3],
                *found.pending[:3],
                *found.duplicated[:3],
                *found.differing[:3],
                *(f"{place}: {why}" for place, why in list(found.failed.items())[:3]),
                *found.left_behind[:5],
            ],
        }
        return Outcome(holds=holds, report=report)
