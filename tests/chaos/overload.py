"""Jobs that come faster than they can be done: which are let in, how they end, and what that takes.

Arrivals are open-loop: the next job comes when its time has come, whether or not the last one was answered
(a closed loop would slow down with the gateway, and hide that it is slow).
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from bifocal import Client
from bifocal.contracts import JobState
from chaos.documents import pool

#: Documents of a job.
JOB_DOCUMENTS = 20

#: A job that was let in has ended after this long, or is lost.
_DRAIN_S = 120.0


@dataclass(slots=True)
class Arrivals:
    """What the gateway answered: statuses, and of jobs that were let in the time of the answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    accepted: dict[str, float] = field(default_factory=dict)
    """When each job was sent, by id."""
    answered_s: list[float] = field(default_factory=list)
    """Seconds to the answer of those."""

    def add(self, other: "Arrivals") -> None:
        """Take in those of another stretch."""
        self.statuses += other.statuses
        self.without_retry_after += other.without_retry_after
        self.accepted |= other.accepted
        self.answered_s += other.answered_s


async def offer(url: str, *, jobs_per_s: float, for_s: float) -> Arrivals:
    """Submit jobs at a fixed rate."""
    found = Arrivals()
    texts = pool(JOB_DOCUMENTS)
    body = {"documents": texts, "options": {"permutations": 0}}
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def submit() -> None:
            sent = time.monotonic()
            began = time.time()
            answer = await client.post("/v1/jobs", json=body)
            found.statuses[answer.status_code] += 1
            if answer.status_code == 202:
                found.answered_s.append(time.monotonic() - sent)
                found.accepted[answer.json()["id"]] = began
            elif "retry-after" not in answer.headers:
                found.without_retry_after += 1

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(jobs_per_s * for_s)):
                await asyncio.sleep(max(0.0, began + number / jobs_per_s - time.monotonic()))
                group.create_task(submit())
    return found


def outcome(found: Arrivals, client: Client) -> dict[str, Any]:
    """Wait for what was let in, and tell how it ended."""
    deadline = time.monotonic() + _DRAIN_S
    ended_s, documents = [], 0
    for job_id, sent in found.accepted.items():
        job = client.job(job_id)
        while job.state is not JobState.ENDED and time.monotonic() < deadline:
            time.sleep(0.05)
            job = client.job(job_id)
        if job.ended_at is None:
            continue
        documents += job.counts.done
        ended_s.append(job.ended_at.timestamp() - sent)
    offered = found.statuses.total()
    return {
        "jobs_offered": offered,
        "jobs_accepted": len(found.accepted),
        "statuses": dict(found.statuses),
        "share_of_429": round(found.statuses[429] / offered, 3),
        "refused_without_retry_after": found.without_retry_after,
        "documents_accepted": JOB_DOCUMENTS * len(found.accepted),
        "documents_lost": JOB_DOCUMENTS * len(found.accepted) - documents,
        "answer_of_accepted": _spread(found.answered_s),
        "acceptance_to_end": _spread(ended_s),
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(seconds, [50, 99])
    return {"p50_s": round(float(p50), 3), "p99_s": round(float(p99), 3), "max_s": round(max(seconds), 3)}
