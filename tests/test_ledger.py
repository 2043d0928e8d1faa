"""The ledger's promises, on a real Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bifocal.contracts import JobState, Options
from bifocal.errors import ExpiredJob, UnknownJob
from bifocal.ledger import Attempt, Finish, Ledger, LensCommit, Overdue
from bifocal.ledger.ledger import MOST_ATTEMPTS

pytestmark = pytest.mark.stack

FIRST = LensCommit(counts=True, releases_merge=False)


def accepted(ledger: Ledger, *, shards: int, refused: int = 0, job: str = "job", in_flight: int = 99) -> str:
    n_documents = 10 * shards + refused
    ledger.create_job(job, options=Options(), n_documents=n_documents, n_refused=refused, n_shards=shards)
    ledger.dispatch(in_flight)
    return job


def moved(ledger: Ledger, in_flight: int) -> list[tuple[str, int]]:
    return [(one.job, one.shard) for one in ledger.dispatch(in_flight)]


def begin(ledger: Ledger, stage: str, shard: int = 0, owner: str = "me") -> Attempt | None:
    return ledger.lease(stage, "job", shard, owner=owner, for_s=60)


def die(ledger: Ledger, stage: str, shard: int = 0) -> None:
    """What Redis does to the lease of a worker that fell silent."""
    ledger._redis.delete(f"bifocal:lease:{stage}:job:{shard}")


def overdue(ledger: Ledger, message_s: float = -1) -> list[Overdue]:
    ledger._redis.delete("bifocal:reconciler")
    return ledger.overdue(every_s=60, message_s=message_s, lease_s=90)


def test_a_job_counts_what_was_refused_from_the_start(ledger: Ledger) -> None:
    job = ledger.job(accepted(ledger, shards=2, refused=3))
    assert (job.counts.total, job.counts.failed, job.counts.succeeded) == (23, 3, 0)
    assert job.state is JobState.IN_PROGRESS


def test_a_job_of_refused_documents_only_has_ended(ledger: Ledger) -> None:
    assert ledger.job(accepted(ledger, shards=0, refused=3)).state is JobState.ENDED


def test_a_job_is_accepted_once(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert not ledger.create_job("job", options=Options(), n_documents=5, n_refused=5, n_shards=0)
    assert ledger.job("job").counts.total == 10


def test_an_unknown_job_is_said_to_be_unknown(ledger: Ledger) -> None:
    with pytest.raises(UnknownJob, match="'nobody'"):
        ledger.job("nobody")


def test_no_more_shards_are_in_flight_than_allowed(ledger: Ledger) -> None:
    accepted(ledger, shards=5, in_flight=0)
    assert moved(ledger, 2) == [("job", 0), ("job", 1)]
    assert ledger.dispatch(2) == []
    ledger.finish_shard("job", 0, 1, succeeded=10)
    assert moved(ledger, 2) == [("job", 2)]


def test_jobs_take_turns(ledger: Ledger) -> None:
    accepted(ledger, shards=3, in_flight=0)
    accepted(ledger, shards=2, job="other", in_flight=0)
    assert moved(ledger, 9) == [("job", 0), ("other", 0), ("job", 1), ("other", 1), ("job", 2)]


def test_what_redis_holds_does_not_grow_with_a_job_that_waits(ledger: Ledger) -> None:
    def held(job: str, shards: int) -> int:
        accepted(ledger, shards=shards, job=job, in_flight=0)
        names = [name for name in ledger._redis.scan_iter(match="bifocal:*") if job in name]
        return sum(ledger._redis.memory_usage(name, samples=0) for name in names)

    assert held("aaaaa", 1_000_000) <= held("bbbbb", 1_000) + 64


def test_a_stage_is_begun_by_one_worker_only(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    with ThreadPoolExecutor(16) as pool:
        begun = list(pool.map(lambda n: begin(ledger, "static", owner=str(n)), range(64)))
    assert sum(attempt is not None for attempt in begun) == 1


def test_only_its_owner_renews_or_releases_a_lease(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    own = begin(ledger, "static", owner="me")
    assert own is not None
    other = Attempt(stage="static", job="job", shard=0, owner="other", number=1, careful=False)
    assert not ledger.renew(other, for_s=60, most_s=60)
    ledger.release(other)
    assert ledger.renew(own, for_s=60, most_s=60)


def test_no_attempt_keeps_its_lease_for_longer_than_allowed(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    own = begin(ledger, "static")
    assert own is not None
    assert not ledger.renew(own, for_s=60, most_s=-1)


def test_after_a_death_the_next_attempt_is_careful_and_knows_of_it(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    first = begin(ledger, "static")
    assert first == Attempt(stage="static", job="job", shard=0, owner="me", number=1, careful=False)
    die(ledger, "static")
    second = begin(ledger, "static")
    assert second is not None
    assert (second.number, second.careful, second.blank, second.deaths) == (2, True, 1, {})
    for document in (3, 4):
        assert ledger.at(second, document)
    die(ledger, "static")
    third = begin(ledger, "static")
    assert third is not None
    assert (third.number, third.careful, third.blank, third.deaths) == (3, True, 1, {4: 1})
    # Who lost the lease names no document any more
    die(ledger, "static")
    assert not ledger.at(third, 5)


def test_what_is_handed_back_undone_is_nobodys_fault(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    for _ in range(3):
        attempt = begin(ledger, "static")
        assert attempt is not None
        assert (attempt.number, attempt.careful) == (1, False)
        ledger.release(attempt, undone=True)


def test_the_lens_that_commits_last_releases_the_merge(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert ledger.commit_lens("static", "job", 0, 1) == FIRST
    last = ledger.commit_lens("contextual", "job", 0, 2)
    assert last == LensCommit(counts=True, releases_merge=True)
    assert ledger.outputs("job", 0) == {
        "static": 1, "contextual": 2,
    }  # fmt: skip


def test_of_two_outputs_the_first_one_counts(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert ledger.commit_lens("static", "job", 0, 2) == FIRST
    assert ledger.commit_lens("static", "job", 0, 1) == LensCommit(counts=False, releases_merge=False)
    assert ledger.outputs("job", 0)["static"] == 2


def test_a_committed_stage_is_not_begun_again(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.commit_lens("static", "job", 0, 1)
    assert begin(ledger, "static") is None


def test_a_merged_shard_is_not_begun_again_nor_counted_twice(ledger: Ledger) -> None:
    accepted(ledger, shards=2)
    assert ledger.finish_shard("job", 1, 3, succeeded=9, errored=1) is Finish.FIRST
    assert ledger.finish_shard("job", 1, 4, succeeded=10) is Finish.LATE
    assert begin(ledger, "static", 1) is None
    assert begin(ledger, "merge", 1) is None
    assert ledger.commit_lens("static", "job", 1, 1) == LensCommit(counts=False, releases_merge=False)
    assert ledger.merged_shards("job") == {1: 3}
    assert ledger.finish_shard("job", 0, MOST_ATTEMPTS, succeeded=10) is Finish.ENDS_JOB
    assert ledger.merged_shards("job") == {0: MOST_ATTEMPTS, 1: 3}
    counts = ledger.job("job").counts
    assert (counts.succeeded, counts.failed) == (19, 1)


def test_a_stage_that_died_is_overdue_at_once_whatever_waits_in_its_queue(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    begin(ledger, "static")
    ledger._redis.rpush("bifocal:broker:static", "a message")
    assert overdue(ledger, message_s=60) == []
    die(ledger, "static")
    assert overdue(ledger, message_s=60) == [Overdue(job="job", shard=0, stage="static", attempts=1, blank=0)]
    # It was sent again by that, so there is something to wait for
    assert overdue(ledger, message_s=60) == []


def test_a_message_that_was_popped_and_came_to_nothing_is_lost(ledger: Ledger) -> None:
    accepted(ledger, shards=2)
    ledger._redis.rpush("bifocal:broker:static", "a message")
    # While messages wait in the queue it may only be slow
    assert [(one.shard, one.stage) for one in overdue(ledger)] == [(0, "contextual"), (1, "contextual")]
    # But not if one that was sent later has been begun
    begin(ledger, "static", shard=1)
    assert [(one.shard, one.stage) for one in overdue(ledger)] == [
        (0, "static"), (0, "contextual"), (1, "contextual"),
    ]  # fmt: skip


def test_a_message_is_given_time_to_become_a_lease(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert overdue(ledger, message_s=60) == []
    assert [one.stage for one in overdue(ledger, message_s=-1)] == ["static", "contextual"]


def test_the_merge_is_overdue_once_both_lenses_have_committed(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.commit_lens("static", "job", 0, 1)
    ledger.commit_lens("contextual", "job", 0, 1)
    assert [one.stage for one in overdue(ledger)] == ["merge"]


def test_one_looks_at_a_time(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert ledger.overdue(every_s=60, message_s=-1, lease_s=60) != []
    assert ledger.overdue(every_s=60, message_s=-1, lease_s=60) == []


def test_a_lease_that_a_clock_put_back_keeps_alive_is_taken_away(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.lease("static", "job", 0, owner="dead", for_s=3_600)
    assert [one.stage for one in overdue(ledger)] == ["static", "contextual"]


def test_a_worker_is_present_for_as_long_as_it_says_so(ledger: Ledger) -> None:
    ledger.announce("static", "a", loaded="glove", for_s=60)
    assert (ledger.workers("static"), ledger.workers("merge")) == (1, 0)
    ledger._redis.delete("bifocal:worker:static:a")
    assert ledger.workers("static") == 0


def test_waiting_are_the_shards_that_are_accepted_and_not_merged(ledger: Ledger) -> None:
    accepted(ledger, shards=3, in_flight=1)
    assert ledger.waiting_shards() == 3
    for _ in range(2):
        ledger.finish_shard("job", 0, 1, succeeded=10)
    assert ledger.waiting_shards() == 2


def test_an_ended_job_is_forgotten_and_it_is_remembered_that_there_was_one(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert not ledger.forget_job("job", remember_s=60)
    assert ledger.ended_before(-60) == []
    ledger.finish_shard("job", 0, 1, succeeded=10)
    assert ledger.ended_before(60) == []
    assert ledger.ended_before(-60) == ["job"]
    assert ledger.forget_job("job", remember_s=60)
    with pytest.raises(ExpiredJob):
        ledger.job("job")
    assert ledger.ended_before(-60) == []
    # A late merge of it brings nothing back
    assert ledger.finish_shard("job", 0, 2, succeeded=10) is Finish.LATE
    for job, shard in ledger.leftovers.merged(-1):
        ledger.leftovers.shard_is_removed(job, shard)
    assert {name for name in ledger._redis.scan_iter() if "job" in name} == {"bifocal:expired:job"}


def test_a_job_whose_deadline_has_passed_is_closed_with_what_is_in_flight(ledger: Ledger) -> None:
    for job, deadline_s in (("late", -1), ("early", 60)):
        ledger.create_job(
            job, options=Options(), n_documents=30, n_refused=0, n_shards=3, deadline_s=deadline_s
        )
    assert not any(one.closing for one in ledger.dispatch(3))
    closed = ledger.close_jobs()
    assert [(one.job, one.shard, one.closing) for one in closed] == [
        ("late", 0, "expired"),
        ("late", 1, "expired"),
    ]
    assert ledger.close_jobs() == []
    ledger.finish_shard("late", 0, 1, succeeded=0, errored=10)
    assert [(one.job, one.closing) for one in ledger.dispatch(4)] == [("early", None), ("late", "expired")]


def test_a_job_that_ended_in_time_has_no_deadline(ledger: Ledger) -> None:
    ledger.create_job("job", options=Options(), n_documents=1, n_refused=0, n_shards=1, deadline_s=-1)
    ledger.dispatch(1)
    ledger.finish_shard("job", 0, 1, succeeded=1)
    assert ledger.close_jobs() == []


def test_workers_that_fell_silent_are_forgotten_by_the_next_that_speaks(ledger: Ledger) -> None:
    ledger.announce("static", "a", loaded="glove", for_s=60)
    ledger._redis.delete("bifocal:worker:static:a")
    ledger.announce("static", "b", loaded="glove", for_s=60)
    assert ledger._redis.smembers("bifocal:workers:static") == {"b"}
