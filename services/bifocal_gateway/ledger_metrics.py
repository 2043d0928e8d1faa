"""The ledger's state as metrics, read when they are asked for."""

from collections.abc import Iterator

import redis
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bifocal.ledger import Ledger, LedgerState
from bifocal.observe.metrics import REDIS_ERRORS
from bifocal_gateway.dispatcher import Dispatcher


class LedgerCollector(Collector):
    """Metrics of all jobs together; every gateway of a deployment tells the same."""

    def __init__(self, ledger: Ledger, dispatcher: Dispatcher) -> None:
        self._ledger = ledger
        self._dispatcher = dispatcher

    def describe(self) -> list[Metric]:
        """Nothing: whoever registers this need not ask Redis for it."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The ledger as it is now; without Redis, that it does not answer."""
        yield _gauge("dispatcher_alive", "Whether the dispatcher's thread runs.", self._dispatcher.alive)
        try:
            state = self._ledger.state()
        except redis.RedisError:
            REDIS_ERRORS.labels("metrics").inc()
            yield _gauge("redis_up", "Whether Redis answers.", 0)
            return
        yield _gauge("redis_up", "Whether Redis answers.", 1)
        yield from _of_jobs(state)
        yield from _of_stages(state)


def _of_jobs(state: LedgerState) -> Iterator[Metric]:
    yield _counter("jobs_accepted", "Jobs accepted.", state.jobs_accepted)
    yield _counter("jobs_ended", "Jobs ended.", state.jobs_ended)
    yield _counter("documents_accepted", "Documents accepted.", state.documents_accepted)
    yield _counter(
        "documents_refused",
        "Documents of accepted jobs that could not be read at acceptance.",
        state.documents_refused,
    )
    ended = CounterMetricFamily(
        "bifocal_documents_ended", "Accepted documents that ended, by outcome.", labels=["outcome"]
    )
    for outcome, n in state.documents_ended.items():
        ended.add_metric([outcome], n)
    yield ended
    yield _gauge("jobs_pending", "Jobs with shards that were not dispatched yet.", state.jobs_pending)
    yield _gauge("shards_pending", "Shards that were not dispatched yet.", state.shards_pending)
    yield _gauge("shards_in_flight", "Shards dispatched and not merged yet.", state.shards_in_flight)
    yield _gauge(
        "oldest_shard_in_flight_seconds",
        "Time since the dispatch of the shard that has been in flight longest.",
        state.oldest_in_flight_s,
    )


def _of_stages(state: LedgerState) -> Iterator[Metric]:
    shards = _gauges("stage_shards", "Shards in flight that wait for a stage or run.", "state")
    queued = _gauges("queue_messages", "Messages in the queue of a stage.")
    workers = _gauges("workers", "Live workers of a stage.")
    attempts = _counters("stage_attempts", "Times a stage was begun.")
    lost = _counters("stage_attempts_lost", "Attempts that were neither finished nor handed back.")
    again = _counters("stage_sent_again", "Messages sent again, by what became of the one before.", "cause")
    for name, stage in state.stages.items():
        shards.add_metric([name, "waiting"], stage.waiting)
        shards.add_metric([name, "running"], stage.running)
        queued.add_metric([name], stage.queue)
        workers.add_metric([name], stage.workers)
        attempts.add_metric([name], stage.attempts)
        lost.add_metric([name], stage.died)
        for cause, n in stage.sent_again.items():
            again.add_metric([name, cause], n)
    yield from (shards, queued, workers, attempts, lost, again)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"bifocal_{name}", says, value=value)


def _counter(name: str, says: str, value: int) -> CounterMetricFamily:
    return CounterMetricFamily(f"bifocal_{name}", says, value=value)


def _gauges(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"bifocal_{name}", says, labels=["stage", *labels])


def _counters(name: str, says: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"bifocal_{name}", says, labels=["stage", *labels])
