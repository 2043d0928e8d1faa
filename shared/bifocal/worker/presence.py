"""A thread that says a worker is alive and keeps the lease it works under."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from bifocal.ledger import Ledger

log = logging.getLogger(__name__)


class Presence:
    """Announces a worker and renews its leases, three times in the life of a lease.

    A thread, because the worker's own thread may be in one long forward pass.
    """

    def __init__(
        self, ledger: Ledger, stage: str, worker: str, *, loaded: str, lease_s: float, ready_file: Path | None
    ) -> None:
        self._ledger = ledger
        self._stage = stage
        self._worker = worker
        self._loaded = loaded
        self._lease_s = lease_s
        self._ready_file = ready_file
        self._held: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Announce at once and go on doing so."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Fall silent."""
        self._stop.set()
        self._thread.join()

    @contextmanager
    def lease(self, job: str, shard: int) -> Iterator[bool]:
        """Hold the lease on a shard; yields False, and holds nothing, if there is nothing to do."""
        held = self._ledger.lease(self._stage, job, shard, owner=self._worker, for_s=self._lease_s)
        if not held:
            yield False
            return
        with self._lock:
            self._held.add((job, shard))
        try:
            yield True
        finally:
            with self._lock:
                self._held.discard((job, shard))
            self._ledger.release(self._stage, job, shard, owner=self._worker)

    def _run(self) -> None:
        while not self._stop.wait(self._lease_s / 3):
            self._beat()

    def _beat(self) -> None:
        if self._ready_file is not None:
            self._ready_file.touch()
        with self._lock:
            held = list(self._held)
        try:
            self._ledger.announce(self._stage, self._worker, loaded=self._loaded, for_s=self._lease_s)
            for job, shard in held:
                self._ledger.renew(self._stage, job, shard, owner=self._worker, for_s=self._lease_s)
        except redis.RedisError as error:
            # Nothing to do but beat again: work goes on, and a lost lease costs a second execution only.
            log.warning("no heartbeat: %s", error)
