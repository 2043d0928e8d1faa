"""Workers that are told to end, documents that kill, a Redis that dies or hangs, a store that is full."""

import signal
import time

import pytest

from bifocal.ledger import Keys
from bifocal.queue import STAGES
from chaos.conftest import DOCUMENTS
from chaos.documents import pool, telling
from chaos.stack import CONTROL, LightStack
from chaos.until import until
from chaos.verifier import Verifier

pytestmark = [pytest.mark.stack, pytest.mark.chaos]


@pytest.fixture(autouse=True)
def whole(light: LightStack) -> None:
    """Every process runs, and none is set to fail."""
    for name in (CONTROL, *STAGES):
        light.restart(name)
    light.wait_for_control()


def assert_all_is_well(verifier: Verifier, job: str) -> None:
    verifier.wait(job)
    found = verifier.check(job)
    assert found.holds, found
    assert not found.failed, found


def begun(light: LightStack, verifier: Verifier, documents: list[dict[str, str]]) -> str:
    """Submit documents, and wait until the static lens is at them; returns the job."""
    before = len(light.begun("static"))
    job = verifier.submit(documents)
    until("a shard is begun", lambda: len(light.begun("static")) > before)
    return job


@pytest.fixture(scope="module")
def slow(light: LightStack, verifier: Verifier) -> list[dict[str, str]]:
    """Documents that take the static lens some time, whose undisturbed reports are known."""
    documents = [telling(document, "slow-static") for document in DOCUMENTS[:4]]
    light.restart("static")
    verifier.learn(documents)
    return documents


def test_a_worker_told_to_end_hands_its_shard_back_or_finishes_it(
    light: LightStack, verifier: Verifier, slow: list[dict[str, str]]
) -> None:
    job = begun(light, verifier, slow)
    light.end("static", signal.SIGTERM)
    assert not light.ledger._redis.exists(Keys.lease("static", job, 0))
    light.start("static")
    assert_all_is_well(verifier, job)


def test_workers_rolled_over_while_a_job_runs_lose_and_double_nothing(
    light: LightStack, verifier: Verifier, slow: list[dict[str, str]]
) -> None:
    def died() -> int:
        return sum(stage.died for stage in light.ledger.state().stages.values())

    before = died()
    job = begun(light, verifier, [*slow, *pool(40)])
    for stage in STAGES:
        light.start(f"{stage}-new")
        light.end(stage, signal.SIGTERM)
    assert_all_is_well(verifier, job)
    assert died() == before
    for stage in STAGES:
        light.end(f"{stage}-new")


def test_a_redis_that_is_killed_and_comes_back_loses_nothing(
    light: LightStack, verifier: Verifier, slow: list[dict[str, str]]
) -> None:
    job = begun(light, verifier, [*slow, *DOCUMENTS])
    light.kill_redis()
    light.start_redis()
    assert_all_is_well(verifier, job)


def test_a_redis_that_hangs_for_longer_than_a_lease_loses_nothing(
    light: LightStack, verifier: Verifier, slow: list[dict[str, str]]
) -> None:
    job = begun(light, verifier, [*slow, *DOCUMENTS])
    light.redis.send_signal(signal.SIGSTOP)
    over = time.monotonic() + 2
    until("longer than a lease has passed", lambda: time.monotonic() > over)
    light.redis.send_signal(signal.SIGCONT)
    assert_all_is_well(verifier, job)


@pytest.mark.parametrize("lens", ["static", "contextual"])
def test_a_document_that_kills_its_worker_fails_alone_and_says_how_many_died(
    lens: str, light: LightStack, verifier: Verifier
) -> None:
    documents = pool(100)
    documents[41] = poison = telling(documents[41], f"poison-{lens}")
    job = verifier.submit(documents)

    def ended() -> bool:
        if not light.processes[lens].alive:
            light.start(lens)
        return verifier.ended(job)

    until("the job has ended", ended, within_s=60)
    found = verifier.check(job)
    assert found.holds, found
    assert found.identical == 99
    ((place, message),) = found.failed.items()
    assert place == f"{job}/{poison['id']}"
    assert message.startswith(f"worker_lost: the {lens} worker died 3 times over this document alone")


def test_a_document_for_which_memory_runs_out_fails_alone(light: LightStack, verifier: Verifier) -> None:
    bad = telling(DOCUMENTS[2], "memory-contextual")
    job = verifier.submit([*DOCUMENTS[:2], bad, *DOCUMENTS[3:]])
    verifier.wait(job)
    found = verifier.check(job)
    assert found.holds, found
    ((place, message),) = found.failed.items()
    assert place == f"{job}/{bad['id']}"
    assert message.startswith("lens_failed: ")


def test_a_store_that_is_full_for_a_while_loses_nothing(light: LightStack, verifier: Verifier) -> None:
    light.full.touch()
    job = verifier.submit(pool(40))
    over = time.monotonic() + 1.5
    until("the store was full for a while", lambda: time.monotonic() > over)
    assert not verifier.ended(job)
    light.full.unlink()
    assert_all_is_well(verifier, job)
