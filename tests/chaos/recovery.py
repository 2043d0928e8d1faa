"""From what the workers wrote down: work that was done again, and how long it took to be taken up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from chaos.striker import Death


def repeated(record: Sequence[Mapping[str, Any]]) -> int:
    """Executions of a stage of a shard beyond the first."""
    begun = [line["shard"] for line in record if line["event"] == "begins"]
    return len(begun) - len(set(begun))


def recovery_times(record: Sequence[Mapping[str, Any]], deaths: Iterable[Death]) -> list[float]:
    """Seconds from each death of a worker at work until its shard was begun again.

    A worker that died when its work was committed has left nothing to begin again.
    """
    of_process: dict[int, list[Mapping[str, Any]]] = {}
    of_shard: dict[str, list[float]] = {}
    for line in record:
        of_process.setdefault(line["pid"], []).append(line)
        if line["event"] == "begins":
            of_shard.setdefault(line["shard"], []).append(line["time"])
    found = []
    for death in deaths:
        last = of_process.get(death.pid, [{"event": ""}])[-1]
        if last["event"] != "begins":
            continue
        again = [begun for begun in of_shard[last["shard"]] if begun > last["time"]]
        if again:
            found.append(max(0.0, min(again) - death.time))
    return found


def spread(seconds: Sequence[float]) -> dict[str, float | int]:
    """How many, the median, the 95th percentile and the longest."""
    if not seconds:
        return {"n": 0}
    p50, p95 = np.percentile(seconds, [50, 95])
    return {
        "n": len(seconds),
        "p50_s": round(float(p50), 2),
        "p95_s": round(float(p95), 2),
        "max_s": round(max(seconds), 2),
    }
