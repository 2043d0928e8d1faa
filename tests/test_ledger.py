"""The ledger's promises, on a real Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bifocal.contracts import JobState, Options
from bifocal.errors import UnknownJob
from bifocal.ledger import Ledger

pytestmark = pytest.mark.stack


def accepted(ledger: Ledger, *, shards: int, refused: int = 0, job: str = "job") -> str:
    ledger.create_job(job, options=Options(), n_refused=refused, shard_documents=[10] * shards)
    return job


def begin(ledger: Ledger, stage: str, shard: int = 0, owner: str = "me") -> bool:
    return ledger.lease(stage, "job", shard, owner=owner, for_s=60)


def test_a_job_counts_what_was_refused_from_the_start(ledger: Ledger) -> None:
    job = ledger.job(accepted(ledger, shards=2, refused=3))
    assert (job.counts.total, job.counts.failed, job.counts.succeeded) == (23, 3, 0)
    assert job.state is JobState.IN_PROGRESS


def test_a_job_of_refused_documents_only_has_ended(ledger: Ledger) -> None:
    assert ledger.job(accepted(ledger, shards=0, refused=3)).state is JobState.ENDED


def test_an_unknown_job_is_said_to_be_unknown(ledger: Ledger) -> None:
    with pytest.raises(UnknownJob, match="'nobody'"):
        ledger.job("nobody")


def test_no_more_shards_are_in_flight_than_allowed(ledger: Ledger) -> None:
    accepted(ledger, shards=5)
    assert ledger.dispatch(2) == [("job", 0), ("job", 1)]
    assert ledger.dispatch(2) == []
    ledger.finish_shard("job", 0, succeeded=10, failed=0)
    assert ledger.dispatch(2) == [("job", 2)]


def test_a_stage_is_begun_by_one_worker_only(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    with ThreadPoolExecutor(16) as pool:
        begun = list(pool.map(lambda n: begin(ledger, "static", owner=str(n)), range(64)))
    assert begun.count(True) == 1


def test_a_lease_that_ran_out_can_be_taken_by_another(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert begin(ledger, "static", owner="dead")
    ledger.release("static", "job", 0, owner="dead")
    assert begin(ledger, "static", owner="other")


def test_only_its_owner_renews_or_releases_a_lease(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    begin(ledger, "static", owner="me")
    assert not ledger.renew("static", "job", 0, owner="other", for_s=60)
    ledger.release("static", "job", 0, owner="other")
    assert ledger.renew("static", "job", 0, owner="me", for_s=60)


def test_the_lens_that_commits_last_releases_the_merge(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert not ledger.commit_lens("static", "job", 0)
    assert ledger.commit_lens("contextual", "job", 0)


def test_a_committed_stage_is_not_begun_again(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.commit_lens("static", "job", 0)
    assert not begin(ledger, "static")


def test_a_merged_shard_is_not_begun_again_nor_counted_twice(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    assert ledger.finish_shard("job", 0, succeeded=9, failed=1)
    assert not ledger.finish_shard("job", 0, succeeded=9, failed=1)
    assert not begin(ledger, "static")
    assert not begin(ledger, "merge")
    counts = ledger.job("job").counts
    assert (counts.succeeded, counts.failed) == (9, 1)


def test_a_stage_that_nobody_is_at_is_overdue_with_its_attempts(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    begin(ledger, "static")
    ledger.release("static", "job", 0, owner="me")
    ledger.commit_lens("contextual", "job", 0)
    assert [(o.shard, o.stage, o.attempts) for o in ledger.overdue(-1)] == [(0, "static", 1)]


def test_a_stage_under_a_lease_is_not_overdue(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    begin(ledger, "static")
    assert [o.stage for o in ledger.overdue(-1)] == ["contextual"]


def test_a_stage_whose_queue_still_holds_messages_is_slow_and_not_overdue(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    ledger._redis.rpush("bifocal:broker:contextual", "a message")
    assert [o.stage for o in ledger.overdue(-1)] == ["static"]


def test_the_merge_is_overdue_once_both_lenses_have_committed(ledger: Ledger) -> None:
    accepted(ledger, shards=1)
    ledger.dispatch(1)
    ledger.commit_lens("static", "job", 0)
    ledger.commit_lens("contextual", "job", 0)
    assert [o.stage for o in ledger.overdue(-1)] == ["merge"]


def test_a_worker_is_present_for_as_long_as_it_says_so(ledger: Ledger) -> None:
    ledger.announce("static", "a", loaded="glove", for_s=60)
    assert (ledger.workers("static"), ledger.workers("merge")) == (1, 0)


steps = st.lists(
    st.tuples(st.sampled_from(["lease", "commit", "finish", "dispatch", "overdue"]), st.integers(0, 2),
              st.sampled_from(["static", "contextual", "merge"])),
    max_size=60,
)  # fmt: skip


@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_whatever_happens_in_whatever_order_every_document_is_counted_once(
    ledger: Ledger, taken: list[tuple[str, int, str]]
) -> None:
    ledger._redis.flushdb()
    accepted(ledger, shards=3)
    merged: set[int] = set()
    for step, shard, stage in taken:
        if step == "lease":
            begin(ledger, stage, shard)
        elif step == "commit" and stage != "merge":
            ledger.commit_lens(stage, "job", shard)
        elif step == "finish":
            assert ledger.finish_shard("job", shard, succeeded=10, failed=0) is (shard not in merged)
            merged.add(shard)
        elif step == "dispatch":
            ledger.dispatch(2)
        else:
            assert not {o.shard for o in ledger.overdue(-1)} & merged
    job = ledger.job("job")
    assert job.counts.succeeded == 10 * len(merged)
    assert ledger.merged_shards("job") == sorted(merged)
    assert (job.state is JobState.ENDED) is (len(merged) == 3)
