"""Hands accepted shards to the lenses, a bounded number at a time, and again those that got lost."""

import logging
import threading

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from bifocal.contracts import ErrorDetail, LensHeader, Shard, ShardMessage
from bifocal.contracts.lens import ContextualReading, StaticReading
from bifocal.errors import WorkerLost
from bifocal.ledger import Ledger, Overdue
from bifocal.ledger.ledger import MERGE
from bifocal.lenses import LENSES, write_contextual, write_static
from bifocal.queue import publish
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store

log = logging.getLogger(__name__)

#: Between looks at the ledger; a new job wakes the dispatcher at once.
PERIOD_S = 0.2


class Dispatcher:
    """A thread between the ledger and the broker. More than one may run: each step is atomic."""

    def __init__(self, *, settings: Settings, store: Store, ledger: Ledger, app: Celery) -> None:
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._app = app
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step in hand."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """There is something new in the ledger."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def step(self) -> None:
        """Dispatch what there is room for, and take up what is overdue."""
        for job, shard in self._ledger.dispatch(self._settings.shards_in_flight):
            for lens in LENSES:
                publish(self._app, lens, ShardMessage(job=job, shard=shard))
        for overdue in self._ledger.overdue(self._settings.redispatch_after_s):
            self._again(overdue)

    def _again(self, overdue: Overdue) -> None:
        message = ShardMessage(job=overdue.job, shard=overdue.shard)
        log.warning(
            "the %s stage of shard %d of job %s was begun %d times and is not done",
            overdue.stage,
            overdue.shard,
            overdue.job,
            overdue.attempts,
        )
        if overdue.stage != MERGE and overdue.attempts >= self._settings.max_attempts:
            self._give_up(overdue.stage, message, overdue.attempts)
        else:
            publish(self._app, overdue.stage, message)

    def _give_up(self, lens: str, message: ShardMessage, attempts: int) -> None:
        """Say in the lens's place that it failed, so that the shard ends by the usual way."""
        files = JobFiles(self._store, message.job)
        shard = Shard.model_validate_json(files.shard(message.shard))
        detail = ErrorDetail.of(
            WorkerLost(f"no {lens} worker finished this document or one beside it in {attempts} attempts")
        )
        indices = [document.index for document in shard.documents]
        if lens == "static":
            static = LensHeader[StaticReading](
                model_hash="", readings=[StaticReading(index=i, error=detail) for i in indices]
            )
            blob = write_static(static, {})
        else:
            contextual = LensHeader[ContextualReading](
                model_hash="", readings=[ContextualReading(index=i, error=detail) for i in indices]
            )
            blob = write_contextual(contextual, {})
        files.put_reading(lens, message.shard, blob)
        if self._ledger.commit_lens(lens, message.job, message.shard):
            publish(self._app, MERGE, message)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(PERIOD_S)
            self._wake.clear()
            try:
                self.step()
            except (redis.RedisError, OperationalError, OSError) as error:
                # The ledger holds what was not published; the next step takes it up again.
                log.warning("nothing dispatched: %s", error)
