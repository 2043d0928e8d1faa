"""A stack of real processes around fake lenses, each of which can be killed, stopped and started again."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

from bifocal.embedded import _redis_binary
from bifocal.ledger import Ledger
from bifocal.lenses import LENSES
from bifocal.queue import STAGES
from bifocal.store import Store
from chaos.until import until
from chaos.zygote import end_with_parent

CONTROL = "control"

_ROOT = Path(__file__).parents[2]

#: Where the processes find bifocal, the services and this package.
_PYTHONPATH = os.pathsep.join(str(_ROOT / part) for part in ("shared", "services", "tests"))

#: Short enough for tests, long enough that a busy machine does not lose leases by itself.
QUICK = {
    "BIFOCAL_LEASE_S": "1.5",
    "BIFOCAL_LOOK_S": "0.2",
    "BIFOCAL_MESSAGE_S": "0.6",
    "BIFOCAL_RETRY_S": "0.2",
    "BIFOCAL_ACCEPTANCE_S": "3",
    "BIFOCAL_SHARD_DOCUMENTS": "4",
    "CHAOS_VISIBILITY_TIMEOUT_S": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


@dataclass
class Process:
    """A process that somebody else started, by a descriptor that cannot come to mean another one."""

    pid: int
    descriptor: int = field(init=False)

    def __post_init__(self) -> None:
        self.descriptor = os.pidfd_open(self.pid)

    def send(self, signum: signal.Signals) -> None:
        """Send a signal; to one that has ended, nothing."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, signum)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return not select.select([self.descriptor], [], [], 0)[0]

    @property
    def stopped(self) -> bool:
        """Whether it was stopped, and not continued."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            # It may end at any moment.
            return False
        return state == "T"


class NotAnswered(Exception):
    """A job was submitted and nobody knows what became of it."""


class LightStack:
    """A Redis, a control process, and workers by name: `static`, or `static-2` for another of its stage."""

    def __init__(self, *, workers: int = 1, env: dict[str, str] | None = None) -> None:
        more = [f"{stage}-{k}" for stage in STAGES for k in range(2, workers + 1)]
        self.names = [CONTROL, *STAGES, *more]
        self.env = QUICK | (env or {})
        self._temporary = tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.redis_url = f"unix://{self.folder}/redis.sock"
        self.store_folder = self.folder / "store"
        self.record = self.folder / "record.jsonl"
        self.full = self.folder / "full"
        """For as long as there is such a file, the workers' disk is full."""
        self.processes: dict[str, Process] = {}
        self._failpoint_folders: dict[str, Path] = {}
        self._starts = 0
        self.redis: subprocess.Popen[bytes]
        self._zygote: subprocess.Popen[str]

    def __enter__(self) -> "LightStack":
        self.record.touch()
        for name in ("redis", "store", "failpoints", "logs"):
            (self.folder / name).mkdir()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "chaos.zygote"],
            env={**os.environ, **self.env, "PYTHONPATH": _PYTHONPATH},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.start_redis()
        assert self._out.readline() == "ready\n", "the zygote did not start"
        for name in self.names:
            self.start(name)
        self.ledger = Ledger.connect(self.redis_url, LENSES)
        self.store = Store(str(self.store_folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ledger.close()
        for process in self.processes.values():
            process.send(signal.SIGKILL)
        for pipe in (self._zygote.stdin, self._zygote.stdout):
            assert pipe is not None
            pipe.close()
        self._zygote.wait()
        self.redis.kill()
        self.redis.wait()
        for process in self.processes.values():
            os.close(process.descriptor)
        self._temporary.cleanup()

    # --- processes ----------------------------------------------------------------------------

    def start(self, name: str, *, failpoints: str = "", fresh: bool = True) -> Process:
        """Start a process; one that ran under the name before must have ended.

        Failpoints that it has passed are forgotten if it starts `fresh`.
        """
        if fresh or name not in self._failpoint_folders:
            self._starts += 1
            self._failpoint_folders[name] = self.folder / "failpoints" / str(self._starts)
            self._failpoint_folders[name].mkdir()
        environment = {
            **os.environ,
            **self.env,
            "BIFOCAL_REDIS_URL": self.redis_url,
            "BIFOCAL_STORE_URL": str(self.store_folder),
            "BIFOCAL_FAILPOINTS": failpoints,
            "BIFOCAL_FAILPOINT_FOLDER": str(self._failpoint_folders[name]),
            "CHAOS_RECORD": str(self.record),
            "CHAOS_FULL": str(self.full),
        }
        is_control = name.startswith(CONTROL)
        asked = {
            "process": "control" if is_control else "work",
            "argument": self._control_path(name) if is_control else name.partition("-")[0],
            "env": environment,
            "log": str(self.folder / "logs" / f"{name}.log"),
        }
        ended = self.processes.pop(name, None)
        if ended is not None:
            assert not ended.alive, f"{name} still runs"
            os.close(ended.descriptor)
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(asked) + "\n")
        self._zygote.stdin.flush()
        self.processes[name] = Process(int(self._out.readline()))
        return self.processes[name]

    def end(self, name: str, signum: signal.Signals = signal.SIGKILL) -> None:
        """End a process and wait until it has."""
        process = self.processes[name]
        process.send(signum)
        until(f"{name} has ended", lambda: not process.alive)

    def restart(self, name: str, *, failpoints: str = "") -> Process:
        """Kill a process, if it lives, and start it anew."""
        self.end(name)
        return self.start(name, failpoints=failpoints)

    def passed(self, point: str) -> bool:
        """Whether a process has come to a failpoint that was set."""
        return any((folder / f"{point}.1").exists() for folder in self._failpoint_folders.values())

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    # --- Redis --------------------------------------------------------------------------------

    def start_redis(self) -> None:
        """Start Redis on what its log of writes holds."""
        options = {
            "port": "0",
            "unixsocket": f"{self.folder}/redis.sock",
            "dir": f"{self.folder}/redis",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [_redis_binary(), *(part for key, value in options.items() for part in (f"--{key}", value))]
        with (self.folder / "logs" / "redis.log").open("ab") as log:
            self.redis = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=end_with_parent)
        until("Redis answers", self._redis_answers)

    def begun(self, stage: str) -> list[dict[str, Any]]:
        """What the workers of a stage wrote down, in the order of time."""
        lines = (json.loads(line) for line in self.record.read_text().splitlines())
        return [line for line in lines if line["shard"].startswith(f"{stage}:")]

    def kill_redis(self) -> None:
        """Kill Redis."""
        self.redis.kill()
        self.redis.wait()

    def _redis_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.redis_url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    # --- work ---------------------------------------------------------------------------------

    def submit(self, documents: list[dict[str, str]]) -> str:
        """Submit a job; returns its id.

        Raises:
            NotAnswered: the control process was not there, died over it, or answered with an error.
        """
        body = {"documents": documents, "options": {"permutations": 0}}
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(20)
                connection.connect(self._control_path(CONTROL))
                with connection.makefile("rwb") as lines:
                    lines.write(json.dumps(body).encode() + b"\n")
                    lines.flush()
                    answer = json.loads(lines.readline() or "{}")
        except OSError as error:
            raise NotAnswered(repr(error)) from error
        if "job" not in answer:
            raise NotAnswered(answer.get("error", "the connection was closed"))
        return str(answer["job"])

    def wait_for_control(self) -> None:
        """Wait until jobs can be submitted."""
        until("the control process listens", self._control_listens)

    def _control_listens(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self._control_path(CONTROL))
        except OSError:
            return False
        return True

    def _control_path(self, name: str) -> str:
        return f"{self.folder}/{name}.sock"

    @property
    def _out(self) -> Any:
        return self._zygote.stdout
