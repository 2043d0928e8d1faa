"""Places at which tests make a process die, hang or fail. Without `BIFOCAL_FAILPOINTS` they do nothing.

`BIFOCAL_FAILPOINTS=static.computed=kill,merge.written=raise` says what happens at which place, each of it
once: `BIFOCAL_FAILPOINT_FOLDER` remembers what has happened, whatever dies in between. With a number behind
it, as in `kill:3`, the first two times go by. It is read from the environment of the process alone, so nobody
who talks to a service can set it.
"""

import os
import signal
from functools import cache
from pathlib import Path


class FailpointReached(Exception):
    """What `raise` raises; no service knows it, so it stands for any fault."""


def failpoint(name: str) -> None:
    """Do what the environment says is to happen here.

    Raises:
        FailpointReached: for `raise`.
        OSError: for `full`, as of a store whose disk is full.
        MemoryError: for `memory`.
    """
    action = _actions().get(name)
    if action is None or not _is_due(name, action):
        return
    match action.partition(":")[0]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "full":
            raise OSError(28, "no space left on device")
        case "memory":
            raise MemoryError
        case _:
            raise FailpointReached(name)


@cache
def _actions() -> dict[str, str]:
    pairs = (one.partition("=") for one in os.environ.get("BIFOCAL_FAILPOINTS", "").split(",") if one)
    return {name: action for name, _, action in pairs}


def _is_due(name: str, action: str) -> bool:
    """Count a passage; whether it is the one that was asked for."""
    folder = Path(os.environ["BIFOCAL_FAILPOINT_FOLDER"])
    wanted = int(action.partition(":")[2] or 1)
    for number in range(1, wanted + 1):
        try:
            # Only one of several processes can make a file.
            (folder / f"{name}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return number == wanted
    return False
