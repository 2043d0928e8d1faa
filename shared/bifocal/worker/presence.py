"""A thread that says a worker is alive and keeps the lease it works under."""

import logging
import threading
from pathlib import Path

import redis

from bifocal.ledger import Attempt, Ledger
from bifocal.observe.context import about
from bifocal.observe.metrics import LEASE_LOSSES, REDIS_ERRORS

log = logging.getLogger(__name__)


class Presence:
    """Announces a worker and renews its lease, three times in the life of a lease.

    A thread, because the worker's own thread may be in one long forward pass. No attempt is kept for longer
    than `most_s` in all, so that one that hangs does not hold its shard for ever.
    """

    def __init__(
        self,
        ledger: Ledger,
        stage: str,
        worker: str,
        *,
        loaded: str,
        lease_s: float,
        most_s: float,
        ready_file: Path | None,
    ) -> None:
        self._ledger = ledger
        self._stage = stage
        self._loaded = loaded
        self._lease_s = lease_s
        self._most_s = most_s
        self._ready_file = ready_file
        self._held: Attempt | None = None
        self._lost: Attempt | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self.worker = worker
        LEASE_LOSSES.labels(stage)  # from 0 on, so that the first one is seen to come

    def start(self) -> None:
        """Announce at once and go on doing so."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Fall silent."""
        self._stop.set()
        self._thread.join()

    def take(self, job: str, shard: int) -> Attempt | None:
        """Begin the stage on a shard, and keep the lease; None if there is nothing to do."""
        self._held = self._ledger.lease(self._stage, job, shard, owner=self.worker, for_s=self._lease_s)
        return self._held

    def give_back(self, *, undone: bool) -> None:
        """Give the lease back; `undone` if the attempt was broken off and nobody is to blame."""
        held, self._held = self._held, None
        if held is not None:
            self._ledger.release(held, undone=undone)

    def _run(self) -> None:
        while not self._stop.wait(self._lease_s / 3):
            self._beat()

    def _beat(self) -> None:
        if self._ready_file is not None:
            self._ready_file.touch()
        held = self._held
        try:
            self._ledger.announce(self._stage, self.worker, loaded=self._loaded, for_s=self._lease_s)
            if held is not None and not self._ledger.renew(held, for_s=self._lease_s, most_s=self._most_s):
                self._lose(held)
        except redis.RedisError as error:
            # Nothing to do but beat again: work goes on, and a lost lease costs a second execution only.
            REDIS_ERRORS.labels("heartbeat").inc()
            log.warning("no heartbeat: %s", error)

    def _lose(self, held: Attempt) -> None:
        # Between the look at it and the answer, the attempt may have ended in its usual way; and a lease that
        # was lost is so at every beat.
        if held is not self._held or held is self._lost:
            return
        self._lost = held
        LEASE_LOSSES.labels(self._stage).inc()
        with about(stage=self._stage, job=held.job, shard=held.shard, attempt=held.number):
            log.warning("the lease was lost while at work")
