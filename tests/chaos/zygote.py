"""`python -m chaos.zygote`: imports everything once and forks a process for each line on its standard input.

A worker that is forked is there in a tenth of a second; one that is started takes two, most of them imports,
and a run of hundreds of kills would be a run of imports.
"""

import ctypes
import importlib
import json
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

#: Modules that the processes import as they start; nothing in them connects, or reads settings.
_PRELOADED = ("celery.apps.worker", "celery.bin.worker", "celery.concurrency.solo", "kombu.transport.redis")


def main() -> None:
    """Fork for each line; end, and all that was forked with it, when standard input closes."""
    from bifocal.text import Segmenter
    from chaos.processes import PROCESSES

    for name in _PRELOADED:
        importlib.import_module(name)
    Segmenter("en")
    # Children that die are no zombies; whoever asked for them watches them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while line := sys.stdin.readline():
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked)
            PROCESSES[asked["process"]](asked["argument"])
            os._exit(0)
        print(pid, flush=True)


def end_with_parent() -> None:
    """Have this process killed when the one that started it ends, however it does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _become(asked: dict[str, object]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent()
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[arg-type]
    log = os.open(str(asked["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = [str(asked["process"])]


if __name__ == "__main__":
    main()
