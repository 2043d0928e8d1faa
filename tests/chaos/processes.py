"""What runs in the processes of a light stack: a worker for a stage, and acceptance with its dispatcher."""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bifocal import queue
from bifocal.contracts import ShardMessage
from bifocal.errors import BifocalError
from bifocal.settings import settings
from bifocal.worker import Bench, Hold, LensStage, Stage, run_worker, stage_worker
from bifocal_gateway.body import JobBody
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.merge.stage import MergeStage
from chaos import sabotage
from chaos.fake_lens import FakeLens
from chaos.instant import InstantLens, InstantMerge
from chaos.sabotage import EarlyCommit, Sabotage


class Witnessed:
    """A stage that writes down, outside Redis and the store, when it begins a shard and is through."""

    def __init__(self, name: str, stage: Stage, record: Path) -> None:
        self._name, self._stage = name, stage
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.loaded = stage.loaded

    def __call__(self, message: ShardMessage, hold: Hold) -> None:
        self._write("begins", message)
        self._stage(message, hold)
        self._write("is through", message)

    def _write(self, event: str, message: ShardMessage) -> None:
        line = {
            "time": time.time(),
            "pid": os.getpid(),
            "event": event,
            "shard": f"{self._name}:{message.job}:{message.shard}",
        }
        # One write to a file opened for appending: lines of several processes do not mix.
        os.write(self._record, json.dumps(line).encode() + b"\n")


def work(name: str) -> None:
    """A worker of the stage `name` until it is told to stop; its lens is a fake, its merge the real one.

    With `CHAOS_INSTANT` neither does anything.
    """
    queue.VISIBILITY_TIMEOUT_S = int(os.environ["CHAOS_VISIBILITY_TIMEOUT_S"])
    chosen = Sabotage(os.environ.get("CHAOS_SABOTAGE", ""))
    if chosen is Sabotage.NO_LEASE:
        sabotage.grant_every_lease()
    kind = EarlyCommit if chosen is Sabotage.EARLY_COMMIT else LensStage
    record = Path(os.environ["CHAOS_RECORD"])
    sabotage.let_the_store_fill(Path(os.environ["CHAOS_FULL"]))

    def load(bench: Bench) -> Stage:
        if os.environ.get("CHAOS_INSTANT"):
            return InstantMerge(bench) if name == "merge" else LensStage(InstantLens(name), bench)
        stage: Stage = MergeStage(bench) if name == "merge" else kind(FakeLens(name), bench)
        return Witnessed(name, stage, record)

    run_worker(stage_worker(name, load), name)


def control(path: str) -> None:
    """The gateway without HTTP: a line of JSON to the socket at `path` is a job's body, a line comes back."""
    if os.environ.get("CHAOS_SABOTAGE") == Sabotage.NO_RECONCILER:
        sabotage.look_for_nothing()
    gateway = Gateway.of(settings())
    gateway.dispatcher.start()
    Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(gateway, connection), daemon=True).start()


def _serve(gateway: Gateway, connection: socket.socket) -> None:
    with connection, connection.makefile("rwb") as lines:
        for line in lines:
            lines.write(json.dumps(_answer(gateway, json.loads(line))).encode() + b"\n")
            lines.flush()


def _answer(gateway: Gateway, body: Any) -> dict[str, object]:
    try:
        documents = iter(body.pop("documents"))
        job = gateway.accept(JobBody(header=body, documents=documents), owner="")
    except BifocalError as error:
        return {"error": error.code}
    except Exception as error:  # over HTTP, a 500
        return {"error": repr(error)}
    return {"job": job.id}


PROCESSES: dict[str, Callable[[str], None]] = {"work": work, "control": control}

if __name__ == "__main__":
    PROCESSES[sys.argv[1]](sys.argv[2])
