"""Jobs that ended long ago go, with all that they left in the store; jobs that Redis lost come back."""

import logging
import threading

import redis

from bifocal.ledger import Ledger
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal_gateway.recovery import Recovery

log = logging.getLogger(__name__)

#: Between two looks; nothing hangs on the hour. At the start there is one, in case Redis was lost.
PERIOD_S = 600.0
_AFTER_FAULT_S = 5.0


class Expiry:
    """A thread that removes what has been kept for as long as was asked for."""

    def __init__(self, *, settings: Settings, store: Store, ledger: Ledger) -> None:
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="expiry", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the job in hand."""
        self._stop.set()
        self._thread.join()

    def step(self) -> int:
        """Remove what is due; how many jobs that were.

        The store first: a job that is half gone when this process dies is still known, and goes next time.
        """
        due = self._ledger.ended_before(self._settings.keep_results_s)
        for job in due:
            self.remove(job)
            if self._stop.is_set():
                break
        return len(due)

    def remove(self, job: str) -> None:
        """Remove a job that has ended."""
        JobFiles(self._store, job).forget_all()
        self._ledger.forget_job(job, remember_s=self._settings.keep_results_s)

    def _run(self) -> None:
        recovery = Recovery(store=self._store, ledger=self._ledger)
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = PERIOD_S
            try:
                recovery.step()
                n = self.step()
            except (redis.RedisError, OSError) as error:
                log.warning("store and ledger were not brought together: %s", error)
                wait_s = _AFTER_FAULT_S
                continue
            except Exception:
                # A fault of ours with one job must not end the thread that all the others wait for.
                log.exception("store and ledger were not brought together")
                continue
            if n:
                log.info("%d jobs expired", n)
