"""How throughput grows with contextual workers, and where the control plane bends it.

    python bench/scaling.py --workers 4 16 64 256 --seconds 2

A real Redis, the real acceptance, dispatcher, ledger, store and Celery workers. Lenses and merge answer at
once, but for the contextual lens, which sleeps a fixed time over each shard: so hundreds of workers fit on a
machine of few cores, and what is measured is all that is not theirs. Efficiency is the share of the
workers' time that was spent in the lens, from the job's acceptance to its end; with perfect scaling it
is 1. Beside it the processor time of the control plane, by process and shard.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bifocal.contracts import JobState
from chaos.documents import pool
from chaos.measure import _processor_s
from chaos.stack import CONTROL, LightStack
from chaos.until import until

_AN_HOUR_S = 3600.0

#: Shards in flight for each worker: one in its hands, the others so that the next one waits for it.
_IN_FLIGHT = 3


def scaled(workers: int, seconds: float, *, shards_each: int, documents: int, merges: int) -> dict[str, Any]:
    """A job of `shards_each` shards for each worker, of `documents` each."""
    env = {
        "BIFOCAL_SHARD_DOCUMENTS": str(documents),
        "BIFOCAL_SHARDS_IN_FLIGHT": str(max(64, _IN_FLIGHT * workers)),
        "BIFOCAL_LEASE_S": "20",
        "BIFOCAL_MESSAGE_S": "20",
        "BIFOCAL_LOOK_S": "1",
        "CHAOS_VISIBILITY_TIMEOUT_S": "60",
        "CHAOS_INSTANT": "1",
        "CHAOS_CONTEXTUAL_S": str(seconds),
    }
    with LightStack(env=env) as stack:
        names = ["contextual", *(f"contextual-{k}" for k in range(2, workers + 1))]
        for name in names[1:]:
            stack.start(name)
        for k in range(2, merges + 1):
            stack.start(f"merge-{k}")
        stack.wait_for_control()
        until(
            "all workers are up", lambda: stack.ledger.workers("contextual") == workers, within_s=_AN_HOUR_S
        )
        # Each worker's first shard takes longer: it connects, and imports what is not imported yet.
        _until_ended(stack, stack.submit(_asked(workers * documents)))
        n_shards = shards_each * workers
        pids = {name: stack.processes[name].pid for name in (CONTROL, "static", "merge")}
        pids["redis"] = stack.redis.pid
        pids |= {name: stack.processes[name].pid for name in names}
        before = {name: _processor_s(pid) for name, pid in pids.items()}
        whole_s = _until_ended(stack, stack.submit(_asked(n_shards * documents)))
        spent = {name: _processor_s(pid) - before[name] for name, pid in pids.items()}
    contextual = sum(spent.pop(name) for name in names)
    return {
        "workers": workers,
        "shards": n_shards,
        "shards_per_s": round(n_shards / whole_s, 1),
        "most_shards_per_s": round(workers / seconds, 1),
        "efficiency": round(shards_each * seconds / whole_s, 3),
        "processor_ms_per_shard": {
            name: round(1000 * one / n_shards, 2) for name, one in {**spent, "contextual": contextual}.items()
        },
    }


def _asked(documents: int) -> list[dict[str, str]]:
    texts = pool(1_000)
    return [{"id": str(n), "text": texts[n % 1_000]["text"]} for n in range(documents)]


def _until_ended(stack: LightStack, job: str) -> float:
    """Seconds until a job that was accepted has ended."""
    began = time.monotonic()
    until("the job has ended", lambda: stack.ledger.job(job).state is JobState.ENDED, within_s=_AN_HOUR_S)
    return time.monotonic() - began


def main() -> None:
    """Measure and print, a line a number of workers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[4, 16, 64, 256])
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="what the contextual lens takes for a shard"
    )
    parser.add_argument("--shards-each", type=int, default=10)
    parser.add_argument("--documents", type=int, default=8, help="documents of a shard")
    parser.add_argument("--merges", type=int, default=1)
    chosen = parser.parse_args()
    sys.stdout.write(f"{os.cpu_count()} cores, {os.getloadavg()[0]:.1f} of load before\n")
    for workers in chosen.workers:
        found = scaled(
            workers,
            chosen.seconds,
            shards_each=chosen.shards_each,
            documents=chosen.documents,
            merges=chosen.merges,
        )
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
