"""What the ledger says of all jobs together, on a real Redis."""

import pytest

from bifocal.contracts import Options
from bifocal.ledger import Ledger, LedgerState

pytestmark = pytest.mark.stack


def accepted(ledger: Ledger, job: str = "job", *, shards: int, refused: int = 0) -> None:
    n_documents = 10 * shards + refused
    ledger.create_job(job, options=Options(), n_documents=n_documents, n_refused=refused, n_shards=shards)


def look_again(ledger: Ledger) -> None:
    ledger._redis.delete("bifocal:reconciler")
    ledger.overdue(every_s=60, message_s=-1, lease_s=90)


def sent_again(state: LedgerState, stage: str) -> dict[str, int]:
    return {cause: n for cause, n in state.stages[stage].sent_again.items() if n}


def test_an_empty_ledger_has_nothing_of_anything(ledger: Ledger) -> None:
    state = ledger.state()
    assert (state.jobs_accepted, state.shards_pending, state.shards_in_flight) == (0, 0, 0)
    assert state.oldest_in_flight_s == 0
    assert len(state.stages) == 3
    assert all(stage.workers == 0 for stage in state.stages.values())


def test_shards_are_pending_until_they_are_dispatched(ledger: Ledger) -> None:
    accepted(ledger, shards=5, refused=2)
    accepted(ledger, "other", shards=2)
    assert (ledger.state().jobs_pending, ledger.state().shards_pending) == (2, 7)
    ledger.dispatch(3)
    state = ledger.state()
    assert (state.shards_pending, state.shards_in_flight) == (4, 3)
    assert (state.documents_accepted, state.documents_refused) == (70, 2)


def test_a_shard_in_flight_is_at_its_lenses_and_then_at_the_merge(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    attempt = ledger.lease("static", "job", 0, owner="me", for_s=60)
    assert attempt is not None

    def at(stage: str) -> tuple[int, int]:
        state = ledger.state().stages[stage]
        return state.waiting, state.running

    assert (at("static"), at("contextual"), at("merge")) == ((0, 1), (1, 0), (0, 0))
    ledger.commit_lens("static", "job", 0, 1)
    ledger.release(attempt)
    ledger.commit_lens("contextual", "job", 0, 1)
    assert (at("static"), at("contextual"), at("merge")) == ((0, 0), (0, 0), (1, 0))


def test_the_oldest_shard_in_flight_tells_its_age(ledger: Ledger) -> None:
    accepted(ledger, shards=2)
    ledger.dispatch(2)
    ledger._redis.zincrby("bifocal:in_flight", -90_000, "job:1")
    assert 90 <= ledger.state().oldest_in_flight_s < 150


def test_documents_are_counted_as_ended_once(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    for _ in range(3):
        ledger.finish_shard("job", 0, 1, succeeded=9, errored=1)
    state = ledger.state()
    assert state.documents_ended == {"succeeded": 9, "errored": 1, "canceled": 0, "expired": 0}
    assert state.jobs_ended == 1


def test_a_stage_sent_again_says_what_became_of_the_message_before(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    look_again(ledger)
    assert sent_again(ledger.state(), "static") == {"message_lost": 1}
    ledger.lease("static", "job", 0, owner="doomed", for_s=60)
    ledger._redis.delete("bifocal:lease:static:job:0")
    look_again(ledger)
    assert sent_again(ledger.state(), "static") == {"message_lost": 1, "worker_lost": 1}
    attempt = ledger.lease("static", "job", 0, owner="careful", for_s=60)
    assert attempt is not None
    ledger.release(attempt, undone=True)
    look_again(ledger)
    assert sent_again(ledger.state(), "static") == {"message_lost": 1, "worker_lost": 1, "handed_back": 1}
    stage = ledger.state().stages["static"]
    assert (stage.attempts, stage.died) == (2, 1)


def test_queues_and_workers_are_counted_by_stage(ledger: Ledger) -> None:
    ledger._redis.rpush("bifocal:broker:merge", "a", "b")
    ledger.announce("static", "one", loaded="glove", for_s=60)
    stages = ledger.state().stages
    assert (stages["merge"].queue, stages["static"].workers, stages["merge"].workers) == (2, 1, 0)


def test_the_state_takes_no_longer_with_the_shards_of_a_job(ledger: Ledger) -> None:
    accepted(ledger, shards=1_000_000)
    accepted(ledger, "other", shards=1)
    ledger._redis.config_resetstat()
    ledger.state()
    commands = ledger._redis.info("commandstats")
    assert sum(one["calls"] for one in commands.values()) < 50


def test_the_traceparent_of_a_request_stays_with_its_job(ledger: Ledger) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ledger.create_job(
        "job", options=Options(), n_documents=1, n_refused=0, n_shards=1, traceparent=traceparent
    )
    accepted(ledger, "other", shards=1)
    assert (ledger.traceparent("job"), ledger.traceparent("other")) == (traceparent, None)
