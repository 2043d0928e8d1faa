"""Many short documents through the Python client: what memory that takes, and what broken connections do.

    python bench/streaming.py [DOCUMENTS…]

A stack with a real Redis, gateway and merge, and lenses that answer at once. A generator of documents is
submitted, by the client that waits and by the one that awaits, each a process of its own, and the results are
fetched as they come, by one process straight from the gateway and by another through a proxy that cuts its
connection three times. Told are seconds, the highest resident memory of each process (a client that does
nothing beside them), and which results did not come, came twice, or came out of order.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bifocal import AsyncClient, Client, Document, Options

TESTS = Path(__file__).parents[1] / "tests"

DOCUMENTS = (5_000, 50_000)
_OPTIONS = Options(permutations=0)


def numbered(n_documents: int) -> Iterator[Document]:
    """Documents, made as they are taken."""
    for number in range(n_documents):
        yield Document(id=f"d{number}", text=f"The {number}th cat sat on the mat of a judge.")


def submit(url: str, n_documents: int) -> dict[str, object]:
    """By the client that waits."""
    with Client(url) as client:
        return {"job": client.submit(numbered(n_documents), _OPTIONS).id}


def submit_async(url: str, n_documents: int) -> dict[str, object]:
    """By the client that awaits, from an async iterable."""

    async def arriving() -> AsyncIterator[Document]:
        for document in numbered(n_documents):
            yield document

    async def main() -> str:
        async with AsyncClient(url) as client:
            return (await client.submit(arriving(), _OPTIONS)).id

    return {"job": asyncio.run(main())}


def fetch(url: str, job: str, n_documents: int) -> dict[str, object]:
    """All results, and what is wrong with them."""
    seen = bytearray(n_documents)
    twice = out_of_order = 0
    with Client(url) as client:
        for place, result in enumerate(client.follow(job)):
            number = int(result.id[1:])
            twice += seen[number]
            seen[number] = 1
            out_of_order += number != place
    return {"lost": n_documents - sum(seen), "twice": twice, "out_of_order": out_of_order}


def answer_bytes(url: str, job: str) -> dict[str, object]:
    """Size of the body of all results."""
    import httpx

    with httpx.stream("GET", f"{url}/v1/jobs/{job}/results", params={"cursor": 0}) as answer:
        return {"bytes": sum(len(chunk) for chunk in answer.iter_raw())}


def idle() -> dict[str, object]:
    """A client that is asked for nothing."""
    with Client("http://127.0.0.1:9"):
        return {}


TASKS: dict[str, Any] = {task.__name__: task for task in (submit, submit_async, fetch, answer_bytes, idle)}


def apart(task: str, *arguments: object) -> dict[str, Any]:
    """What a task tells that runs in a process of its own."""
    command = [sys.executable, __file__, "--task", task, *map(str, arguments)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def run_task(task: str, *arguments: str) -> None:
    """Run a task in this process and print what it tells, its time and its memory."""
    began = time.perf_counter()
    found = TASKS[task](*(int(one) if one.isdecimal() else one for one in arguments))
    took_s = time.perf_counter() - began
    status = Path("/proc/self/status").read_text().splitlines()
    # Not that of getrusage, which counts the process in which this one was born.
    peak = next(line for line in status if line.startswith("VmHWM"))
    print(json.dumps({**found, "seconds": round(took_s, 1), "peak_mb": int(peak.split()[1]) // 1024}))


def measure(n_documents: int) -> dict[str, Any]:
    """Submit and fetch so many."""
    # This folder's place in the path is that of the tests, whose stack this is.
    sys.path[0] = str(TESTS)
    from chaos.measure import Peak, gateway
    from chaos.stack import LightStack
    from cutting_proxy import CuttingProxy

    found: dict[str, Any] = {"documents": n_documents, "idle": apart("idle")}
    with (
        LightStack(env={"BIFOCAL_SHARD_DOCUMENTS": "32"}) as stack,
        gateway(stack) as (client, process),
    ):
        with Peak(stack, process) as peak:
            found["submit"] = apart("submit", client.url, n_documents)
        found["gateway_accepting_mb"] = round(peak.gateway_mb)
        job = found["submit"]["job"]
        with Peak(stack, process) as peak:
            found["follow"] = apart("fetch", client.url, job, n_documents)
        found["gateway_giving_out_mb"] = round(peak.gateway_mb)
        size = apart("answer_bytes", client.url, job)["bytes"]
        found["answer_bytes"] = size
        found["follow_again"] = apart("fetch", client.url, job, n_documents)
        address = urlsplit(client.url)
        server = (str(address.hostname), int(address.port or 0))
        cuts = [size // 4, size // 2, size * 3 // 4]
        with CuttingProxy(server, of=b"/results", answers=cuts) as proxy:
            found["follow_cut"] = apart("fetch", proxy.url, job, n_documents)
        found["cuts"] = proxy.n_cut
        with Peak(stack, process) as peak:
            found["submit_async"] = apart("submit_async", client.url, n_documents)
        found["gateway_accepting_again_mb"] = round(peak.gateway_mb)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", type=int, nargs="*", default=DOCUMENTS)
    for n_documents in parser.parse_args().documents:
        print(json.dumps(measure(n_documents), indent=2), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run_task(*sys.argv[2:])
    else:
        os.environ.pop("BIFOCAL_URL", None)
        main()
