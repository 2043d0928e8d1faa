"""`python tests/chaos/measure.py throughput|poison|memory|overload`: what the control plane does, as JSON.

A real Redis, the real gateway, ledger, store, merge and Celery workers around lenses that answer at once,
one worker a stage. `throughput` tells documents per second from the first one sent to the end of the job,
with `--instant` those of the control plane alone, without the merge's comparison; `poison` what one document
among a thousand costs that kills its worker every time; `memory` the highest memory of the gateway
(acceptance and dispatcher) and of Redis for a short and a ten times longer job; `overload` what becomes of
requests that come twice as fast as they can be done.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bifocal import Client, Document, Options
from bifocal.embedded import _free_port
from bifocal.queue import STAGES

# In the place of this folder, so that it is a package here as it is for the tests.
sys.path[0] = str(Path(__file__).parents[1])

from chaos.documents import pool, telling  # noqa: E402
from chaos.overload import JOB_DOCUMENTS, offer, outcome  # noqa: E402
from chaos.stack import CONTROL, LightStack, Process  # noqa: E402
from chaos.until import until  # noqa: E402
from chaos.verifier import Verifier  # noqa: E402

_AN_HOUR_S = 3600.0

#: Shards that may wait while there is an overload: some seconds' worth.
_MOST_WAITING = 256
_OPTIONS = Options(permutations=0)


class Peak:
    """Highest memory while it is entered, megabytes: the gateway's resident one, and Redis's own account."""

    def __init__(self, stack: LightStack, gateway: Process) -> None:
        self._stack = stack
        self._gateway = gateway
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.gateway_mb = self.redis_mb = 0.0

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.gateway_mb = max(self.gateway_mb, _resident_mb(self._gateway))
            used = self._stack.ledger._redis.info("memory")["used_memory"] / 1e6
            self.redis_mb = max(self.redis_mb, used)


@contextmanager
def gateway(stack: LightStack) -> Iterator[tuple[Client, Process]]:
    """The real gateway in the place of the control process, and a client of it."""
    stack.end(CONTROL)
    port = str(_free_port())
    environment = {
        **os.environ,
        **stack.env,
        "BIFOCAL_REDIS_URL": stack.redis_url,
        "BIFOCAL_STORE_URL": str(stack.store_folder),
        "BIFOCAL_PORT": port,
        "BIFOCAL_LEASE_S": "4",
    }
    with (stack.folder / "logs" / "gateway.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "bifocal_gateway"], env=environment, stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until("the gateway answers", lambda: _answers(url))
        with Client(url, timeout_s=_AN_HOUR_S) as client:
            yield client, Process(started.pid)
    finally:
        started.kill()
        started.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def throughput(documents: int, shard_documents: int, *, instant: bool) -> dict[str, Any]:
    """Documents per second from the first one sent to the end of the job."""
    env = {"BIFOCAL_SHARD_DOCUMENTS": str(shard_documents), "CHAOS_INSTANT": "1" if instant else ""}
    with (
        LightStack(env=env) as stack,
        gateway(stack) as (client, process),
    ):
        client.wait(client.submit(_numbered(200), _OPTIONS).id)
        pids = {name: stack.processes[name].pid for name in STAGES}
        pids |= {"gateway": process.pid, "redis": stack.redis.pid, "client": os.getpid()}
        before = {name: _processor_s(pid) for name, pid in pids.items()}
        began = time.monotonic()
        job = client.submit(_numbered(documents), _OPTIONS)
        accepted_s = time.monotonic() - began
        client.wait(job.id)
        whole_s = time.monotonic() - began
        spent = {name: _processor_s(pid) - before[name] for name, pid in pids.items()}
    return {
        "documents": documents,
        "shard_documents": shard_documents,
        "accepted_s": round(accepted_s, 1),
        "whole_s": round(whole_s, 1),
        "documents_per_s": round(documents / whole_s),
        "processor_us_per_document": {
            name: round(seconds / documents * 1e6) for name, seconds in spent.items()
        },
    }


def poison(documents: int) -> dict[str, Any]:
    """A document that kills its worker every time, among others."""
    with LightStack(env={"BIFOCAL_LEASE_S": "4", "BIFOCAL_SHARD_DOCUMENTS": "32"}) as stack:
        stack.wait_for_control()
        verifier = Verifier(stack)
        asked = [one.model_dump(include={"id", "text"}) for one in _numbered(documents)]
        began = time.monotonic()
        verifier.wait(stack.submit(asked), within_s=120)
        undisturbed_s = time.monotonic() - began
        asked[documents // 2] = telling(asked[documents // 2], "poison-contextual")
        began, deaths = time.monotonic(), 0
        job = stack.submit(asked)

        def ended() -> bool:
            nonlocal deaths
            if not stack.processes["contextual"].alive:
                deaths += 1
                stack.start("contextual", fresh=False)
            return verifier.ended(job)

        until("the job has ended", ended, within_s=_AN_HOUR_S)
        whole_s = time.monotonic() - began
        results = [json.loads(line) for line in verifier.results(job)]
    failed = [one for one in results if one["outcome"] != "succeeded"]
    return {
        "documents": documents,
        "reports": len(results) - len(failed),
        "failures": [one["error"]["message"] for one in failed],
        "workers_died": deaths,
        "undisturbed_s": round(undisturbed_s, 1),
        "whole_s": round(whole_s, 1),
    }


def memory(documents: int) -> dict[str, Any]:
    """Peaks of two jobs, the second of ten times the documents, each in a stack of its own."""
    found = []
    for size in (documents, 10 * documents):
        with (
            LightStack(env={"BIFOCAL_SHARD_DOCUMENTS": "32"}) as stack,
            gateway(stack) as (client, process),
            Peak(stack, process) as peak,
        ):
            client.wait(client.submit(_numbered(size), _OPTIONS).id)
        found.append({"documents": size, "gateway_mb": peak.gateway_mb, "redis_mb": peak.redis_mb})
    short, long = found
    ratios = {f"{name}_ratio": round(long[name] / short[name], 2) for name in ("gateway_mb", "redis_mb")}
    return {"jobs": found, **ratios}


def overload(seconds: float) -> dict[str, Any]:
    """Twice what can be done, for a while: what is accepted, how it ends, and memory early and late."""
    env = {
        "BIFOCAL_MOST_WAITING_SHARDS": str(_MOST_WAITING),
        "BIFOCAL_SHARD_DOCUMENTS": str(JOB_DOCUMENTS),
    }
    with (
        LightStack(env=env) as stack,
        gateway(stack) as (client, process),
    ):
        client.wait(client.submit(_numbered(200), _OPTIONS).id)
        n, began = 2_000, time.monotonic()
        jobs = [client.submit(_numbered(JOB_DOCUMENTS), _OPTIONS).id for _ in range(n // JOB_DOCUMENTS)]
        for job in jobs:
            client.wait(job)
        sustainable = n / (time.monotonic() - began)
        jobs_per_s = 2 * sustainable / JOB_DOCUMENTS
        with Peak(stack, process) as early:
            first = asyncio.run(offer(client.url, jobs_per_s=jobs_per_s, for_s=seconds / 5))
        with Peak(stack, process) as late:
            found = asyncio.run(offer(client.url, jobs_per_s=jobs_per_s, for_s=seconds * 4 / 5))
        found.add(first)
        told = outcome(found, client)
    return {
        "sustainable_documents_per_s": round(sustainable),
        "offered_documents_per_s": round(2 * sustainable),
        "seconds": seconds,
        **told,
        "gateway_mb": {"early": early.gateway_mb, "late": late.gateway_mb},
        "redis_mb": {"early": early.redis_mb, "late": late.redis_mb},
    }


def _numbered(size: int) -> Iterator[Document]:
    texts = pool(1_000)
    return (Document(id=f"d{number}", text=texts[number % 1_000]["text"]) for number in range(size))


def _resident_mb(process: Process) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure one thing and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["throughput", "poison", "memory", "overload"])
    parser.add_argument("--documents", type=int)
    parser.add_argument("--shard-documents", type=int, default=32)
    parser.add_argument("--instant", action="store_true", help="throughput without the merge's comparison")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long an overload lasts")
    asked = parser.parse_args()
    if asked.what == "throughput":
        found = throughput(asked.documents or 20_000, asked.shard_documents, instant=asked.instant)
    elif asked.what == "overload":
        found = overload(asked.seconds)
    elif asked.what == "poison":
        found = poison(asked.documents or 1_000)
    else:
        found = memory(asked.documents or 20_000)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
