"""Celery on Redis, set up so that it loses as little as it can; the ledger covers the rest.

Two queues for each lens and for the merge, of which that of interactive jobs is emptied first. Messages are
JSON pointers (`ShardMessage`).
"""

from celery import Celery

from bifocal.contracts import Priority, ShardMessage
from bifocal.ledger.keys import BROKER_PREFIX, queue_name
from bifocal.ledger.ledger import MERGE
from bifocal.lenses import LENSES
from bifocal.observe import tracing

#: Stages of a shard, which are also the names of their bulk queues.
STAGES = (*LENSES, MERGE)

#: A message whose worker has died is handed out again after about this long.
VISIBILITY_TIMEOUT_S = 60


def task_name(stage: str) -> str:
    """Name of the one task that a stage's workers run."""
    return f"bifocal.{stage}"


def queues_of(stage: str) -> list[str]:
    """Names of a stage's queues, in the order in which its workers empty them."""
    return [queue_name(stage, priority) for priority in (Priority.INTERACTIVE, Priority.BULK)]


def celery_app(redis_url: str) -> Celery:
    """A Celery app that can publish to every stage and whose workers consume one."""
    app = Celery("bifocal", broker=_broker_url(redis_url), set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_routes={task_name(stage): {"queue": stage} for stage in STAGES},
        task_create_missing_queues=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # The sweep for dead workers' messages runs every interval × throttle seconds; by default 100.
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            # A worker that dies in the sweep holds it up for this long, by default for five minutes.
            "unacked_mutex_expire": 10,
            "health_check_interval": 10,
            "socket_timeout": 15,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            # In the order in which a worker names its queues; the default is that they take turns.
            "queue_order_strategy": "priority",
            "global_keyprefix": BROKER_PREFIX,
        },
        visibility_timeout=VISIBILITY_TIMEOUT_S,
    )
    return app


def publish(app: Celery, stage: str, message: ShardMessage) -> None:
    """Hand a shard to a stage.

    Raises:
        kombu.exceptions.OperationalError: the broker does not answer; the dispatcher will publish again.
    """
    with tracing.span(
        f"publish {stage}",
        tracing.Kind.PRODUCER,
        parent=message.traceparent,
        job=message.job,
        shard=message.shard,
    ):
        # Where no spans are made, those of others are handed on.
        sent = message.model_copy(update={"traceparent": tracing.traceparent() or message.traceparent})
        body = sent.model_dump(mode="json", exclude_none=True)
        app.send_task(task_name(stage), kwargs={"message": body}, queue=queue_name(stage, message.priority))


def _broker_url(redis_url: str) -> str:
    """kombu calls a Redis socket `redis+socket://`, redis-py `unix://`."""
    return redis_url.replace("unix://", "redis+socket://", 1)
