"""How much memory a process holds, and how one that holds too much makes way for a fresh one."""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return 0


def end_if_over(most_mb: int | None) -> bool:
    """Have Celery end this worker before the next message, if it holds more than `most_mb` of memory.

    Whatever runs the service starts it again; the shard in hand is done by then.
    """
    if most_mb is None or resident_bytes() <= most_mb * 1024 * 1024:
        return False
    from celery.worker import state

    log.warning("the worker holds over %d MB, and ends for a fresh one", most_mb)
    state.should_stop = os.EX_OK
    return True
