"""Whether the time of a refusal tells how much of a key is right, or whether there is a key of that id.

python bench/key_timing.py [--requests 20000]

Makes a key on a Redis of its own and sends, in random order, keys that are wrong from the first character of
the secret on, wrong in the last one only, and of ids that nobody has: first to the authentication itself, and
then to a gateway over HTTP. Prints medians, and their differences with 95 % intervals (bootstrap).
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from starlette.datastructures import Headers

from bifocal.api_keys import ApiKeys, MadeKey
from bifocal.embedded import _redis_binary
from bifocal.errors import Unauthorized
from bifocal.settings import Settings
from bifocal_gateway.callers import Callers

Send = Callable[[str], None]

WRONG, NEARLY, UNKNOWN = "wrong from the first character", "wrong in the last character", "unknown id"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="of each sort, to the authentication")
    parser.add_argument("--over-http", type=int, default=3_000, help="of each sort, to a gateway")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _redis(Path(folder)) as url:
        keys = ApiKeys.connect(url)
        for number in range(100):
            keys.create(f"another {number}")
        _, made = keys.create("measured")
        callers = Callers(Settings(redis_url=url, host="0.0.0.0"), keys)  # noqa: S104  (serves nobody)

        def directly(token: str) -> None:
            try:
                callers.of(Headers({"authorization": f"Bearer {token}"}))
            except Unauthorized:
                return
            raise AssertionError(token)

        _print("authentication", _measure(directly, made, chosen.requests))
        with _gateway(url, folder) as client:

            def over_http(token: str) -> None:
                answer = client.get("/v1/jobs/x", headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == 401

            _print("over HTTP", _measure(over_http, made, chosen.over_http))


def _measure(send: Send, made: MadeKey, n: int) -> dict[str, np.ndarray]:
    """Microseconds of each request, by sort."""
    rng = random.Random(1)  # noqa: S311

    def one(sort: str) -> MadeKey:
        other = MadeKey.random()
        if sort == UNKNOWN:
            return MadeKey(id=other.id, secret=made.secret)
        kept = 0 if sort == WRONG else len(made.secret) - 1
        while other.secret[kept] == made.secret[kept]:
            other = MadeKey.random()
        return MadeKey(id=made.id, secret=made.secret[:kept] + other.secret[kept:])

    tokens = [(sort, one(sort).token) for sort in (WRONG, NEARLY, UNKNOWN) for _ in range(n)]
    rng.shuffle(tokens)
    for _, token in tokens[:500]:
        send(token)
    found: dict[str, list[int]] = {WRONG: [], NEARLY: [], UNKNOWN: []}
    for sort, token in tokens:
        began = time.perf_counter_ns()
        send(token)
        found[sort].append(time.perf_counter_ns() - began)
    return {sort: np.array(times) / 1000 for sort, times in found.items()}


def _print(where: str, found: dict[str, np.ndarray]) -> None:
    print(f"{where}, {len(found[WRONG]):,} requests of each sort")
    for sort, times in found.items():
        low, high = np.percentile(times, [25, 75])
        print(f"  {sort:32} median {np.median(times):8.2f} µs   quartiles {low:.1f} – {high:.1f}")
    rng = np.random.default_rng(1)
    for one, other in ((NEARLY, WRONG), (UNKNOWN, WRONG)):
        draws = [
            np.median(rng.choice(found[one], len(found[one])))
            - np.median(rng.choice(found[other], len(found[other])))
            for _ in range(1000)
        ]
        low, high = np.percentile(draws, [2.5, 97.5])
        difference = np.median(found[one]) - np.median(found[other])
        print(f"  {one} less {other}: {difference:+.2f} µs [{low:+.2f}, {high:+.2f}]")


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    options = ["--port", "0", "--unixsocket", str(folder / "redis.sock"), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([_redis_binary(), *options], stdout=subprocess.DEVNULL)
    try:
        while not (folder / "redis.sock").exists():
            time.sleep(0.01)
        yield f"unix://{folder}/redis.sock"
    finally:
        process.kill()
        process.wait()


@contextmanager
def _gateway(redis_url: str, folder: str) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "BIFOCAL_REDIS_URL": redis_url,
        "BIFOCAL_STORE_URL": f"{folder}/store",
        "BIFOCAL_PORT": str(port),
    }
    process = subprocess.Popen([sys.executable, "-m", "bifocal_gateway"], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            while True:
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield client
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
