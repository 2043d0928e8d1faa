"""Whatever workers, clocks and messages do, in whatever order: each document is counted once."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bifocal.contracts import JobState, Options
from bifocal.ledger import Attempt, Dispatched, Finish, Ledger

pytestmark = pytest.mark.stack

LENSES = ("static", "contextual")
SHARDS, IN_FLIGHT = 3, 2
#: Documents of a shard.
SIZE = 4

shards, stages = st.integers(0, SHARDS - 1), st.sampled_from((*LENSES, "merge"))


class LedgerMachine(RuleBasedStateMachine):
    """Workers that begin, name documents, die, hand back, commit late and twice; messages that get lost."""

    ledger: Ledger
    attempts = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.ledger._redis.flushdb()
        self.ledger.create_job(
            "job", options=Options(), n_documents=SIZE * SHARDS, n_refused=0, n_shards=SHARDS
        )
        self.flying: set[int] = set()
        self.counts: dict[tuple[str, int], int] = {}
        self.merged: dict[int, int] = {}
        self.closed: set[int] = set()
        self.is_canceled = False
        self.numbers: dict[tuple[str, int], set[int]] = {}

    @rule()
    def dispatch(self) -> None:
        for one in self.ledger.dispatch(IN_FLIGHT):
            assert one.shard not in self.flying
            self.flying.add(one.shard)
            assert one.closing == ("canceled" if self.is_canceled else None)
            if one.closing:
                self.close(one)

    @rule(target=attempts, stage=stages, shard=shards)
    def begin(self, stage: str, shard: int) -> object:
        attempt = self.ledger.lease(stage, "job", shard, owner="worker", for_s=60)
        if attempt is None:
            return multiple()
        assert shard in self.flying
        assert shard not in self.merged
        assert (stage, shard) not in self.counts
        assert attempt.careful is bool(attempt.blank or attempt.deaths)
        return attempt

    @rule(attempt=attempts, place=st.integers(0, SIZE - 1))
    def name(self, attempt: Attempt, place: int) -> None:
        self.ledger.at(attempt, place)

    @rule(stage=stages, shard=shards)
    def lease_runs_out(self, stage: str, shard: int) -> None:
        self.ledger._redis.delete(f"bifocal:lease:{stage}:job:{shard}")

    @rule(attempt=consumes(attempts), undone=st.booleans())
    def hand_back(self, attempt: Attempt, undone: bool) -> None:
        self.ledger.release(attempt, undone=undone)

    @rule(attempt=attempts)
    def commit(self, attempt: Attempt) -> None:
        """On time, late, or again: a process that was stopped goes on where it was."""
        stage, shard, number = attempt.stage, attempt.shard, attempt.number
        if stage in LENSES:
            commit = self.ledger.commit_lens(stage, "job", shard, number)
            if shard in self.merged:
                assert not commit.counts
                return
            assert commit.counts is (self.counts.setdefault((stage, shard), number) == number)
            assert commit.releases_merge is all((lens, shard) in self.counts for lens in LENSES)
            return
        if not all((lens, shard) in self.counts for lens in LENSES):
            return
        ended = self.ledger.finish_shard("job", shard, number, succeeded=SIZE - 1, errored=1)
        assert (ended is Finish.LATE) is (shard in self.merged)
        self.merged.setdefault(shard, number)
        assert (ended is Finish.ENDS_JOB) is (len(self.merged) == SHARDS and ended is not Finish.LATE)

    @precondition(lambda self: not self.is_canceled)
    @rule()
    def cancel(self) -> None:
        ended = len(self.merged) == SHARDS
        assert self.ledger.cancel("job") is not ended
        assert not self.ledger.cancel("job")
        self.is_canceled = not ended

    @rule()
    def close_what_was_canceled(self) -> None:
        for one in self.ledger.close_jobs():
            assert one.closing == "canceled"
            self.close(one)

    def close(self, one: Dispatched) -> None:
        """As the dispatcher does: unless somebody merges the shard."""
        attempt = self.ledger.lease("merge", "job", one.shard, owner="dispatcher", for_s=60)
        if attempt is None:
            return
        ended = self.ledger.finish_shard("job", one.shard, attempt.number, canceled=SIZE)
        assert ended is not Finish.LATE
        self.merged[one.shard] = attempt.number
        self.closed.add(one.shard)

    @rule()
    def look(self) -> None:
        self.ledger._redis.delete("bifocal:reconciler")
        for one in self.ledger.overdue(every_s=60, message_s=-1, lease_s=90):
            assert one.shard not in self.merged
            assert (one.stage, one.shard) not in self.counts
            assert one.stage != "merge" or all((lens, one.shard) in self.counts for lens in LENSES)

    @invariant()
    def every_document_is_counted_once(self) -> None:
        job = self.ledger.job("job")
        read = len(self.merged) - len(self.closed)
        counts = (job.counts.succeeded, job.counts.errored, job.counts.canceled, job.counts.expired)
        assert counts == ((SIZE - 1) * read, read, SIZE * len(self.closed), 0)
        assert self.ledger.merged_shards("job") == self.merged
        assert self.ledger.waiting_shards() == SHARDS - len(self.merged)
        going = JobState.CANCELING if self.is_canceled else JobState.IN_PROGRESS
        assert job.state is (JobState.ENDED if len(self.merged) == SHARDS else going)

    @invariant()
    def the_totals_are_those_of_the_jobs(self) -> None:
        state, job = self.ledger.state(), self.ledger.job("job")
        counts = job.counts.model_dump(exclude={"total"})
        assert state.documents_ended == counts
        assert state.shards_pending == SHARDS - len(self.flying)
        assert state.shards_in_flight == len(self.flying - self.merged.keys())

    @invariant()
    def no_more_are_in_flight_than_allowed(self) -> None:
        flying = self.ledger._redis.zrange("bifocal:in_flight", 0, -1)
        assert len(flying) <= IN_FLIGHT
        assert {int(member.split(":")[1]) for member in flying} == self.flying - self.merged.keys()

    def teardown(self) -> None:
        """Given a worker that lives, all that is left comes to its end, and nothing stays behind."""
        while len(self.merged) < SHARDS:
            self.dispatch()
            if not self.flying - self.merged.keys():
                continue  # what was dispatched is closed at once
            self.ledger._redis.delete(
                *[
                    f"bifocal:lease:{stage}:job:{shard}"
                    for stage in (*LENSES, "merge")
                    for shard in range(SHARDS)
                ]
            )
            self.ledger._redis.delete("bifocal:reconciler")
            found = self.ledger.overdue(every_s=60, message_s=-1, lease_s=90)
            assert found
            for one in found:
                attempt = self.ledger.lease(one.stage, "job", one.shard, owner="last", for_s=60)
                assert attempt is not None
                self.commit(attempt)
        self.every_document_is_counted_once()
        for job, shard in self.ledger.leftovers.merged(-1):
            traces = self.ledger.leftovers.traces(job, shard)
            assert traces is not None
            assert traces.counts == self.merged[shard]
            self.ledger.leftovers.shard_is_removed(job, shard)
        left = {name for name in self.ledger._redis.scan_iter() if "lease" not in name}
        assert left <= {
            "bifocal:jobs",
            "bifocal:jobs_of:",
            "bifocal:job:job",
            "bifocal:merged:job",
            "bifocal:sent",
            "bifocal:front",
            "bifocal:reconciler",
            "bifocal:waiting",
            "bifocal:ended",
            "bifocal:totals",
        }


def test_whatever_happens_in_whatever_order_every_document_is_counted_once(ledger: Ledger) -> None:
    LedgerMachine.ledger = ledger
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        LedgerMachine, settings=settings(max_examples=120, stateful_step_count=40, deadline=None)
    )
