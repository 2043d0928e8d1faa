"""A Redis for one test module, which writes what it holds to a folder that can be read."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from bifocal.embedded import _redis_binary
from chaos.until import until


@contextmanager
def own_redis(folder: Path) -> Iterator[str]:
    """Its address, while it runs; its append-only file is in the folder."""
    socket = folder / "redis.sock"
    settings = {"port": "0", "unixsocket": str(socket), "dir": str(folder), "appendonly": "yes", "save": ""}
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen([_redis_binary(), *options], stdout=log, stderr=log)
    try:
        url = f"unix://{socket}"

        def answers() -> bool:
            try:
                with redis.Redis.from_url(url) as client:
                    return bool(client.ping())
            except redis.ConnectionError:
                return False

        until("Redis answers", answers)
        yield url
    finally:
        process.kill()
        process.wait()
