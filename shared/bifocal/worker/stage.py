"""A Celery worker for one stage of the pipeline."""

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import redis
from celery import Celery
from celery.signals import setup_logging, task_postrun, worker_process_init
from kombu.exceptions import OperationalError

from bifocal.contracts import ShardMessage
from bifocal.errors import BifocalError
from bifocal.failpoints import failpoint
from bifocal.ledger import Attempt, Ledger
from bifocal.lenses import LENSES
from bifocal.observe import context, tracing
from bifocal.observe.exposition import serve_metrics
from bifocal.observe.logs import set_up_logging
from bifocal.observe.metrics import REDIS_ERRORS, STAGE_DURATION
from bifocal.process import collect_rarely, end_with_parent
from bifocal.queue import celery_app, queues_of, task_name
from bifocal.settings import Settings, settings
from bifocal.store import Store
from bifocal.worker.hold import Hold, LeaseLost
from bifocal.worker.memory import end_if_over
from bifocal.worker.presence import Presence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a stage works with."""

    settings: Settings
    ledger: Ledger
    store: Store
    app: Celery


class Stage(Protocol):
    """One step of a shard's way. Running it again must change nothing."""

    loaded: str
    """What it has ready, in words."""

    def __call__(self, message: ShardMessage, hold: Hold) -> None:
        """Take the shard one step on, and commit that to the ledger."""
        ...


def stage_worker(name: str, load: Callable[[Bench], Stage]) -> Celery:
    """A Celery app whose worker runs the stage `name`.

    `load` is called in the process that does the work, before it takes a first message:
    a worker is warm when it announces itself, and no model is loaded before a fork.
    """
    app = celery_app(settings().redis_url)
    app.conf.task_default_queue = name
    # A child that loads a model takes longer than the four seconds Celery grants by default.
    app.conf.worker_proc_alive_timeout = 300.0
    process = StageProcess()

    def start(**_: Any) -> None:
        process.start(name, load, app)

    def run(message: dict[str, Any]) -> None:
        read = ShardMessage.model_validate(message)
        # Until the task is over, for what Celery says of it.
        context.bind(stage=name, job=read.job, shard=read.shard)
        process.run(read)

    def set_up(**_: Any) -> None:
        set_up_logging(settings(), name)

    def forget(**_: Any) -> None:
        context.clear()

    setup_logging.connect(set_up, weak=False)
    worker_process_init.connect(start, weak=False)
    task_postrun.connect(forget, weak=False)
    app.task(run, name=task_name(name))
    return app


def run_worker(app: Celery, name: str) -> None:
    """Run a worker in this process until it is told to stop: one message at a time, no children.

    A lens uses the machine by threads inside its library, and scales by more workers.
    """
    set_up_logging(settings(), name)
    end_with_parent(settings().redis_url)
    collect_rarely()
    app.worker_main(
        [
            "--quiet",  # no banner: the log has lines only
            "worker",
            "--queues",
            ",".join(queues_of(name)),
            "--pool",
            "solo",
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--hostname",
            f"{name}.{os.getpid()}@%h",
        ]
    )


class StageProcess:
    """The stage and its heartbeat in this process."""

    _name: str
    _bench: Bench
    _stage: Stage
    _presence: Presence

    def start(self, name: str, load: Callable[[Bench], Stage], app: Celery) -> None:
        """Load the stage, and say that there is a worker."""
        chosen = settings()
        tracing.set_up_tracing(chosen, name)
        self._name = name
        self._bench = Bench(
            settings=chosen,
            ledger=Ledger.connect(chosen.redis_url, LENSES),
            store=Store(chosen.store_url),
            app=app,
        )
        try:
            self._check_ledger()
            self._stage = load(self._bench)
        except Exception as error:
            # Celery would log what a signal's receiver raises, and take messages without a stage.
            reason = error.message if isinstance(error, BifocalError) else repr(error)
            log.critical("the %s worker cannot start: %s", name, reason)
            logging.shutdown()
            os._exit(os.EX_CONFIG)
        self._presence = Presence(
            self._bench.ledger,
            name,
            f"{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}",
            loaded=self._stage.loaded,
            lease_s=chosen.lease_s,
            most_s=chosen.attempt_s,
            ready_file=chosen.ready_file,
        )
        self._presence.start()
        serve_metrics(chosen)
        log.info("%s worker ready: %s", name, self._stage.loaded)

    def _check_ledger(self) -> None:
        """Refuse a ledger of another version; without Redis, later."""
        with suppress(redis.RedisError):
            self._bench.ledger.version.check()

    def stop(self) -> None:
        """Fall silent."""
        self._presence.stop()
        self._bench.ledger.close()

    def run(self, message: ShardMessage) -> None:
        """Run the stage on a shard, if it is still to be done."""
        failpoint(f"{self._name}.received")
        job, shard = message.job, message.shard
        with (
            context.about(stage=self._name, job=job, shard=shard),
            tracing.span(self._name, tracing.Kind.CONSUMER, parent=message.traceparent, job=job, shard=shard),
        ):
            attempt = self._presence.take(job, shard)
            if attempt is None:
                return
            context.bind(attempt=attempt.number)
            tracing.describe(attempt=attempt.number)
            log.info("begun")
            began = time.monotonic()
            result = "stopped"
            try:
                result = self._attempt(message, attempt)
            finally:
                with suppress(redis.RedisError):
                    self._presence.give_back(undone=result in ("stopped", "handed_back"))
                STAGE_DURATION.labels(self._name, result).observe(time.monotonic() - began)
                tracing.describe(failed=result != "done", result=result)
                end_if_over(self._bench.settings.worker_memory_mb)

    def _attempt(self, message: ShardMessage, attempt: Attempt) -> str:
        """How an attempt ends, in a word. Only what tells the worker to end is raised."""
        hold = Hold(self._bench.ledger, attempt, most_deaths=self._bench.settings.max_attempts)
        try:
            failpoint(f"{self._name}.leased")
            self._stage(message, hold)
        except LeaseLost:
            log.warning("the shard went to another worker")
            return "lease_lost"
        except FileNotFoundError:
            log.exception("the shard is not whole in the store")
            return "failed"
        except (OSError, redis.RedisError, OperationalError) as error:
            # The store or Redis is at fault, not the shard: it is handed back and tried again, without end.
            if not isinstance(error, OSError):
                REDIS_ERRORS.labels("stage").inc()
            log.warning("the shard is handed back: %s", error)
            time.sleep(self._bench.settings.retry_s)
            return "handed_back"
        except Exception:
            # MemoryError included: Celery would let it kill the worker. The ledger still has the
            # shard open, so the dispatcher hands it out again, and gives up after some attempts.
            log.exception("the shard stays open")
            return "failed"
        return "done"
