"""Hands accepted shards to the lenses, a bounded number at a time, and again those that got lost."""

import logging
import random
import threading

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from bifocal.contracts import DocumentReading, ErrorDetail, Failure, LensHeader, Shard, ShardMessage
from bifocal.errors import BifocalError, DeadlinePassed, JobCanceled, LedgerVersionMismatch, WorkerLost
from bifocal.failpoints import failpoint
from bifocal.ledger import MERGE, Attempt, Dispatched, Finish, Ledger, Overdue
from bifocal.ledger.ledger import MOST_ATTEMPTS
from bifocal.lenses import LENSES, write_outputs
from bifocal.observe import tracing
from bifocal.observe.context import about
from bifocal.observe.metrics import GIVEN_UP, REDIS_ERRORS, count_failures
from bifocal.queue import publish
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal_gateway.batch.partial import ShardPartial
from bifocal_gateway.leftovers import clear_leftovers
from bifocal_gateway.merge.finish import Outcome, finish
from bifocal_gateway.recovery import finish_from_store

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
        for stage in (*LENSES, MERGE):
            GIVEN_UP.labels(stage)  # from 0 on, so that the first one is seen to come
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
        chosen = self._settings
        # Each time, because a Redis that was emptied has lost it, and may have got another.
        self._ledger.version.check()
        for moved in self._ledger.dispatch(chosen.shards_in_flight):
            if moved.closing:
                self._close(moved)
                continue
            failpoint("dispatcher.recorded")
            message = ShardMessage(
                job=moved.job,
                shard=moved.shard,
                priority=moved.priority,
                traceparent=self._traceparent(moved.job),
            )
            for lens in LENSES:
                publish(self._app, lens, message)
                failpoint("dispatcher.published")
        for closed in self._ledger.close_jobs():
            self._close(closed)
        # A tenth more or less, so that several gateways do not look all at once.
        look_s = chosen.look_s * random.uniform(0.9, 1.1)  # noqa: S311
        for overdue in self._ledger.overdue(
            every_s=look_s, message_s=chosen.message_s, lease_s=chosen.lease_s
        ):
            with about(stage=overdue.stage, job=overdue.job, shard=overdue.shard):
                try:
                    self._again(overdue)
                except FileNotFoundError:
                    self._end_without_documents(overdue)
        clear_leftovers(self._ledger, self._store, merged_s=chosen.lease_s, accepting_s=chosen.acceptance_s)

    def _traceparent(self, job: str) -> str | None:
        return self._ledger.traceparent(job) if tracing.is_on() else None

    def _again(self, overdue: Overdue) -> None:
        log.warning("the stage was begun %d times and is not done", overdue.attempts)
        traceparent = self._traceparent(overdue.job)
        if overdue.blank >= self._settings.max_attempts or overdue.attempts >= MOST_ATTEMPTS - 1:
            with tracing.span(f"give up {overdue.stage}", parent=traceparent):
                self._give_up(overdue)
        else:
            message = ShardMessage(
                job=overdue.job, shard=overdue.shard, priority=overdue.priority, traceparent=traceparent
            )
            publish(self._app, overdue.stage, message)

    def _give_up(self, overdue: Overdue) -> None:
        """Say in a stage's place that it failed, so that the shard ends by the usual way."""
        job, number, stage = overdue.job, overdue.shard, overdue.stage
        attempt = self._ledger.lease(stage, job, number, owner="dispatcher", for_s=self._settings.lease_s)
        if attempt is None:
            return
        files = JobFiles(self._store, job)
        shard = Shard.model_validate_json(files.shard(number))
        documents = shard.documents
        GIVEN_UP.labels(stage).inc()
        log.error("the stage is given up after %d attempts", overdue.attempts)
        lost = WorkerLost(
            f"no {stage} worker finished this document or one beside it in {overdue.attempts} attempts"
        )
        if stage == MERGE:
            self._fail(shard, files, attempt, lost)
            return
        detail = ErrorDetail.of(lost)
        failed = LensHeader(readings=tuple(DocumentReading(index=d.index, error=detail) for d in documents))
        files.put_reading(stage, number, attempt.number, write_outputs(failed, {}))
        if self._ledger.commit_lens(stage, job, number, attempt.number).releases_merge:
            publish(self._app, MERGE, ShardMessage(job=job, shard=number, priority=overdue.priority))

    def _end_without_documents(self, overdue: Overdue) -> None:
        """End a shard whose documents are gone: Redis lost that it was merged, and its results are there.

        If they are not, nobody knows any more which documents these were.
        """
        files = JobFiles(self._store, overdue.job)
        if not finish_from_store(self._ledger, files, overdue.job, overdue.shard):
            log.error("the shard is gone from the store")
            files.put_results(overdue.shard, 1, b"")
            self._ledger.finish_shard(overdue.job, overdue.shard, 1)

    def _close(self, closed: Dispatched) -> None:
        """End a shard of a job that was canceled or whose deadline has passed, unless it is being merged."""
        job, number = closed.job, closed.shard
        attempt = self._ledger.lease(MERGE, job, number, owner="dispatcher", for_s=self._settings.lease_s)
        if attempt is None:
            return
        error: BifocalError = DeadlinePassed("the job's deadline passed before this document was read")
        if closed.closing == JobCanceled.outcome:
            error = JobCanceled("the job was canceled before this document was read")
        files = JobFiles(self._store, job)
        self._fail(Shard.model_validate_json(files.shard(number)), files, attempt, error)

    def _fail(self, shard: Shard, files: JobFiles, attempt: Attempt, error: BifocalError) -> None:
        failures = [Failure.of(error, id=d.id, index=d.index) for d in shard.documents]
        lines = "".join(f"{failure.model_dump_json()}\n" for failure in failures)
        outcome = Outcome(lines=lines.encode(), documents={error.outcome: len(failures)})
        # No document succeeded, so none contributes to the batch report.
        partial = ShardPartial(shard.options.contextual_threshold).tables()
        if finish(self._ledger, files, attempt, outcome, partial) is not Finish.LATE:
            count_failures(error.code for _ in failures)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(PERIOD_S)
            self._wake.clear()
            try:
                self.step()
            except (redis.RedisError, OperationalError, OSError) as error:
                # The ledger holds what was not published; the next step takes it up again.
                if not isinstance(error, OSError):
                    REDIS_ERRORS.labels("dispatch").inc()
                log.warning("nothing dispatched: %s", error)
            except LedgerVersionMismatch as error:
                log.critical("the dispatcher ends: %s", error.message)
                return
            except Exception:
                # A fault of ours with one shard must not end the thread that all the others wait for.
                log.exception("a step of the dispatcher failed")
