"""What the ledger takes for granted of Celery and kombu: an upgrade that changes it fails here."""

import json
from importlib.metadata import version

import pytest

from bifocal import EmbeddedStack
from bifocal.contracts import ShardMessage
from bifocal.ledger import Ledger
from bifocal.ledger.keys import BROKER_PREFIX
from bifocal.queue import STAGES, celery_app, publish, task_name

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("stage", STAGES)
def test_a_queue_is_one_list_first_in_first_out_by_the_name_that_the_ledger_looks_at(
    stage: str, stack: EmbeddedStack, ledger: Ledger
) -> None:
    app = celery_app(stack.redis_url.removesuffix("/0") + "/9")
    for shard in range(3):
        publish(app, stage, ShardMessage(job="job", shard=shard))
    name = f"{BROKER_PREFIX}{stage}"
    held = {key for key in ledger._redis.scan_iter(match=f"{BROKER_PREFIX}*") if "_kombu" not in key}
    assert held == {name}, f"kombu {version('kombu')} keeps messages elsewhere"
    assert ledger._redis.type(name) == "list"
    assert ledger._redis.llen(name) == 3
    # Workers take from the right; the first message is there
    first = json.loads(ledger._redis.lindex(name, -1))
    assert first["headers"]["task"] == task_name(stage)
    assert '"shard": 0' in first["headers"]["kwargsrepr"].replace("'", '"')
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
