"""What the ledger takes for granted of Celery and kombu: an upgrade that changes it fails here."""

import json
from importlib.metadata import version

import pytest
from kombu import Consumer, Message, Queue

from bifocal import EmbeddedStack
from bifocal.contracts import Priority, ShardMessage
from bifocal.ledger import Ledger
from bifocal.ledger.keys import BROKER_PREFIX, queue_name
from bifocal.queue import STAGES, celery_app, publish, queues_of, task_name

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("stage", STAGES)
def test_a_queue_is_one_list_first_in_first_out_by_the_name_that_the_ledger_looks_at(
    stage: str, priority: Priority, stack: EmbeddedStack, ledger: Ledger
) -> None:
    app = celery_app(stack.redis_url.removesuffix("/0") + "/9")
    for shard in range(3):
        publish(app, stage, ShardMessage(job="job", shard=shard, priority=priority))
    name = f"{BROKER_PREFIX}{queue_name(stage, priority)}"
    held = {key for key in ledger._redis.scan_iter(match=f"{BROKER_PREFIX}*") if "_kombu" not in key}
    assert held == {name}, f"kombu {version('kombu')} keeps messages elsewhere"
    assert ledger._redis.type(name) == "list"
    assert ledger._redis.llen(name) == 3
    # Workers take from the right; the first message is there
    first = json.loads(ledger._redis.lindex(name, -1))
    assert first["headers"]["task"] == task_name(stage)
    assert '"shard": 0' in first["headers"]["kwargsrepr"].replace("'", '"')
    app.close()


def test_a_worker_empties_the_queue_of_interactive_jobs_first(stack: EmbeddedStack, ledger: Ledger) -> None:
    app = celery_app(stack.redis_url.removesuffix("/0") + "/9")
    for shard, priority in enumerate([Priority.BULK, Priority.BULK, Priority.INTERACTIVE]):
        publish(app, "static", ShardMessage(job="job", shard=shard, priority=priority))
    with app.connection_for_read() as connection, connection.channel() as channel:
        taken: list[int] = []

        def take(body: list[dict[str, dict[str, int]]], message: Message) -> None:
            taken.append(body[1]["message"]["shard"])
            message.ack()

        queues = [Queue(name, channel=channel) for name in queues_of("static")]
        # One at a time, as workers take them.
        channel.basic_qos(0, 1, False)
        with Consumer(channel, queues, callbacks=[take], accept=["json"]):
            while len(taken) < 3:
                connection.drain_events(timeout=10)
    assert taken == [2, 0, 1], f"kombu {version('kombu')} takes queues in another order"
    app.close()


def test_a_message_is_small_whatever_the_shard(stack: EmbeddedStack, ledger: Ledger) -> None:
    app = celery_app(stack.redis_url.removesuffix("/0") + "/9")
    publish(app, "static", ShardMessage(job="0" * 32, shard=10**6))
    assert len(ledger._redis.lindex(f"{BROKER_PREFIX}static", 0)) < 2_000
    app.close()


def test_workers_acknowledge_late_and_take_one_message_at_a_time() -> None:
    chosen = celery_app("redis://127.0.0.1:1/0").conf
    assert (chosen.task_acks_late, chosen.worker_prefetch_multiplier) == (True, 1)
    assert chosen.task_reject_on_worker_lost
    assert chosen.accept_content == ["json"]
    # Nobody waits on results, so none are kept
    assert chosen.task_ignore_result
