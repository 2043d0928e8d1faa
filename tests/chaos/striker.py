"""Who dies next, how, and who is brought back: drawn from a seed."""

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass

from chaos.stack import CONTROL, LightStack

#: What strikes, and how often.
_STRIKES = {"kill": 0.75, "stop": 0.15, "end": 0.1}

#: Places at which a process that is started again may be set to die or to stop.
_POINTS = {
    "static": ("received", "leased", "computed", "reading", "written", "committed"),
    "contextual": ("received", "leased", "computed", "reading", "written", "committed"),
    "merge": ("received", "leased", "computed", "written", "committed"),
    "dispatcher": ("recorded", "published"),
    "acceptance": ("written", "answerable", "recorded"),
}

#: What is set at the start whatever the seed says, because it is what each part of the design is there for.
_AT_THE_START = {
    CONTROL: "dispatcher.recorded=kill:5",
    "static": "static.written=kill:3",
    "merge": "merge.computed=stop",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """A process that ended, and when that was noticed."""

    time: float
    pid: int
    name: str
    how: str


class Striker:
    """Kills, stops and ends processes of a stack, and starts those again that are gone."""

    def __init__(self, stack: LightStack, random_: random.Random, *, stopped_s: float) -> None:
        self._stack = stack
        self._random = random_
        self._stopped_s = stopped_s
        self._stopped: dict[str, float] = {}
        # By seed, some processes are hit more often than others.
        self._weights = [random_.uniform(0.5, 2) for _ in stack.names]
        self.deaths: list[Death] = []
        self.stops = 0

    def arm(self) -> None:
        """Start every process anew, some of them set to die or stop in the midst of their work."""
        for name in self._stack.names:
            self._stack.end(name)
            self._stack.start(name, failpoints=_AT_THE_START.get(name) or self._failpoints(name))

    def strike(self) -> None:
        """Hit one process."""
        (name,) = self._random.choices(self._stack.names, self._weights)
        (how,) = self._random.choices(list(_STRIKES), list(_STRIKES.values()))
        process = self._stack.processes[name]
        if how == "stop":
            process.send(signal.SIGSTOP)
            return
        process.send(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        if how == "kill":
            self._deceased(name, how)

    def bring_back(self) -> None:
        """Start what has ended; let those go on that were stopped for long enough."""
        now = time.monotonic()
        for name, process in list(self._stack.processes.items()):
            if not process.alive:
                self._deceased(name, "failpoint")
            elif process.stopped:
                if name not in self._stopped:
                    self._stopped[name] = now
                    self.stops += 1
                elif now - self._stopped[name] > self._stopped_s:
                    process.send(signal.SIGCONT)
            else:
                self._stopped.pop(name, None)

    def _deceased(self, name: str, how: str) -> None:
        self.deaths.append(Death(time=time.time(), pid=self._stack.processes[name].pid, name=name, how=how))
        self._stopped.pop(name, None)
        self._stack.end(name)
        self._stack.start(name, failpoints=self._failpoints(name))

    def _failpoints(self, name: str) -> str:
        """None, mostly."""
        if self._random.random() > 0.3:
            return ""
        part = (
            self._random.choice(["dispatcher", "acceptance"]) if name == CONTROL else name.partition("-")[0]
        )
        place = self._random.choice(_POINTS[part])
        action = self._random.choice(["kill", "kill", "kill", "stop", "raise", "full", "memory"])
        return f"{part}.{place}={action}:{self._random.randint(1, 5)}"

    def counts(self) -> dict[str, int]:
        """Deaths by process and by kind."""
        named = Counter(f"{death.name.partition('-')[0]} by {death.how}" for death in self.deaths)
        return dict(sorted(named.items()))
