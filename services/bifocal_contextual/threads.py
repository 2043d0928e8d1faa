"""How many threads a forward pass may use: what the container is allowed, not what the machine has."""

import math
import os
from pathlib import Path

import torch

_CGROUP = Path("/sys/fs/cgroup")


def allowed_cores(cgroup: Path = _CGROUP) -> int:
    """Cores that this process may use, by its affinity and by its container's quota (cgroup v1 or v2)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def use_allowed_cores() -> None:
    """Give torch as many threads as cores are allowed, unless `OMP_NUM_THREADS` says otherwise.

    More threads than cores wait for each other at the end of every product.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(allowed_cores())


def _quota(cgroup: Path) -> float | None:
    """Cores' worth of time; None without a limit."""
    try:
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if limit in {"max", "-1"}:
        return None
    return int(limit) / int(period)
