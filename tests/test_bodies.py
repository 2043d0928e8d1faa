"""Bodies of requests, document by document, and whether there is room for them."""

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifocal.contracts import Document, ErrorDetail, Failure, JobState, Options
from bifocal.errors import ExpiredJob, InvalidRequest, StoreFull, TooManyWaiting, WorkerLost
from bifocal.ledger import Ledger
from bifocal.lenses import LENSES
from bifocal.queue import celery_app
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal_gateway.acceptance import Acceptance
from bifocal_gateway.admission import Admission
from bifocal_gateway.body import JobBody, Unreadable, read_json, read_lines
from bifocal_gateway.dispatcher import Dispatcher
from bifocal_gateway.expiry import Expiry
from bifocal_gateway.recovery import Recovery
from bifocal_gateway.seen_ids import SeenIds

documents = st.lists(
    st.fixed_dictionaries({"id": st.text(max_size=5), "text": st.text(max_size=20)}), min_size=1
)


@given(documents, st.booleans())
def test_a_job_in_lines_is_the_job_as_one_object(found: list[dict[str, str]], with_header: bool) -> None:
    header = {"options": {"permutations": 7}} if with_header else {}
    lines = [json.dumps(one) for one in ([header, *found] if with_header else found)]
    in_lines = read_lines(io.BytesIO("\n\n".join(lines).encode()))
    as_one = read_json(io.BytesIO(json.dumps({"documents": found, **header}).encode()))
    assert in_lines.header == as_one.header == header
    assert list(in_lines.documents) == list(as_one.documents) == found


def test_a_line_that_is_no_json_is_one_document_that_cannot_be_read() -> None:
    body = read_lines(io.BytesIO(b'{"id": "a", "text": "b"}\n{"id": \n\n{"id": "c", "text": "d"}\n'))
    first, second, third = body.documents
    assert isinstance(second, Unreadable)
    assert "line 2 is not JSON" in second.error.message
    assert (first["id"], third["id"]) == ("a", "c")


@pytest.mark.parametrize("body", [b"", b"\n\n", b'{"options": {}}\n'])
def test_lines_without_a_document_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="no document"):
        read_lines(io.BytesIO(body))


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=3)))
def test_an_id_is_new_once(names: list[str]) -> None:
    with SeenIds() as seen:
        assert [seen.add(name) for name in names] == [name not in names[:n] for n, name in enumerate(names)]


def job_of(*texts: str) -> JobBody:
    return JobBody(header={}, documents=iter({"id": str(n), "text": text} for n, text in enumerate(texts)))


@pytest.mark.stack
def test_no_more_is_let_in_than_may_wait(ledger: Ledger, tmp_path: Path) -> None:
    settings, store = Settings(shard_documents=1, most_waiting_shards=2), Store(str(tmp_path))
    admission = Admission(settings=settings, store=store, ledger=ledger)
    acceptance = Acceptance(settings=settings, store=store, ledger=ledger)
    admission.check()
    job = acceptance.accept(job_of("A cat.", "A dog."))
    with pytest.raises(TooManyWaiting, match="2 shards wait"):
        admission.check()
    ledger.dispatch(9)
    ledger.finish_shard(job.id, 0, 1, succeeded=1)
    admission.check()


@pytest.mark.stack
def test_of_an_owner_no_more_is_let_in_than_may_wait_whatever_others_have(
    ledger: Ledger, tmp_path: Path
) -> None:
    settings, store = Settings(shard_documents=1), Store(str(tmp_path))
    admission = Admission(settings=settings, store=store, ledger=ledger)
    acceptance = Acceptance(settings=settings, store=store, ledger=ledger)
    acceptance.accept(job_of("A cat.", "A dog.", "A cow."), owner="other")
    admission.check(owner="ci", most_waiting_shards=2)
    job = acceptance.accept(job_of("A cat.", "A dog."), owner="ci")
    assert (ledger.waiting_shards("ci"), ledger.waiting_shards("other"), ledger.waiting_shards()) == (2, 3, 5)
    with pytest.raises(TooManyWaiting, match="2 shards of this key's jobs wait"):
        admission.check(owner="ci", most_waiting_shards=2)
    admission.check(owner="ci", most_waiting_shards=3)
    admission.check(owner="ci")
    ledger.dispatch(9)
    ledger.finish_shard(job.id, 0, 1, succeeded=1)
    ledger.finish_shard(job.id, 0, 1, succeeded=1)  # again, which counts for nothing
    admission.check(owner="ci", most_waiting_shards=2)
    ledger.finish_shard(job.id, 1, 1, succeeded=1)
    assert ledger.waiting_shards("ci") == 0
    assert ledger._redis.hkeys("bifocal:waiting_of") == ["other"]


@pytest.mark.stack
def test_nothing_is_let_in_where_the_disk_is_nearly_full(ledger: Ledger, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "not there yet"))
    with pytest.raises(StoreFull, match="are free"):
        Admission(settings=Settings(least_free_bytes=2**60), store=store, ledger=ledger).check()
    Admission(settings=Settings(least_free_bytes=0), store=store, ledger=ledger).check()


@pytest.mark.stack
def test_nothing_is_let_in_where_redis_is_nearly_full(ledger: Ledger, tmp_path: Path) -> None:
    admission = Admission(settings=Settings(), store=Store(str(tmp_path)), ledger=ledger)
    before = ledger._redis.config_get("maxmemory")["maxmemory"]
    ledger._redis.config_set("maxmemory", int(ledger._redis.info("memory")["used_memory"] * 1.05))
    try:
        with pytest.raises(StoreFull, match="Redis"):
            admission.check()
    finally:
        ledger._redis.config_set("maxmemory", before)
    admission.check()


@pytest.mark.stack
def test_a_job_that_ended_long_ago_leaves_nothing_but_that_it_was(ledger: Ledger, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    acceptance = Acceptance(settings=Settings(), store=store, ledger=ledger)
    kept, gone = (acceptance.accept(job_of("", "A cat.")).id for _ in range(2))
    ledger.dispatch(9)
    JobFiles(store, gone).put_results(0, 1, b"lines")
    ledger.finish_shard(gone, 0, 1, succeeded=1)
    assert Expiry(settings=Settings(keep_results_s=60), store=store, ledger=ledger).step() == 0
    ledger._redis.zadd("bifocal:ended", {gone: 1})
    assert Expiry(settings=Settings(keep_results_s=60), store=store, ledger=ledger).step() == 1
    with pytest.raises(ExpiredJob, match="no longer kept"):
        ledger.job(gone)
    assert ledger.job(kept).counts.total == 2
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [kept]


@pytest.mark.stack
def test_of_an_upload_that_breaks_off_nothing_stays(ledger: Ledger, tmp_path: Path) -> None:
    def broken() -> object:
        yield {"id": "a", "text": "A cat."}
        yield {"id": "b", "text": "A dog."}
        raise ConnectionError

    acceptance = Acceptance(settings=Settings(shard_documents=1), store=Store(str(tmp_path)), ledger=ledger)
    with pytest.raises(ConnectionError):
        acceptance.accept(JobBody(header={}, documents=broken()))  # type: ignore[arg-type]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert ledger.waiting_shards() == 0


@pytest.mark.stack
def test_documents_of_any_number_are_taken_one_after_the_other(ledger: Ledger, tmp_path: Path) -> None:
    taken: list[int] = []

    def arriving() -> object:
        for number in range(100):
            # What was taken before is in the store by now, but for the shard that is being packed
            written = len(list(tmp_path.rglob("shards/*")))
            assert written >= (number - 1) // 10
            taken.append(number)
            yield Document(id=str(number), text="A cat.").model_dump()

    acceptance = Acceptance(settings=Settings(shard_documents=10), store=Store(str(tmp_path)), ledger=ledger)
    job = acceptance.accept(JobBody(header={"options": Options().model_dump()}, documents=arriving()))  # type: ignore[arg-type]
    assert job.counts.total == len(taken) == 100


@pytest.mark.stack
def test_jobs_that_redis_lost_come_back_from_the_store(ledger: Ledger, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    acceptance = Acceptance(settings=Settings(shard_documents=1), store=store, ledger=ledger)
    job = acceptance.accept(job_of("A cat.", "", "A dog.", "A cow.")).id
    before = ledger.job(job)
    # Given that one shard is done
    ledger.dispatch(1)
    failure = Failure(id="0", index=0, error=ErrorDetail.of(WorkerLost("it died")))
    JobFiles(store, job).put_results(1, 2, f"{failure.model_dump_json()}\n".encode())
    # When Redis is lost
    ledger._redis.flushdb()
    recovery = Recovery(store=store, ledger=ledger)
    assert (recovery.step(), recovery.step()) == (1, 0)
    # Then the job goes on where the store has it
    found = ledger.job(job)
    assert (found.options, found.counts.total) == (before.options, 4)
    assert (found.counts.failed, found.counts.succeeded) == (2, 0)
    assert ledger.merged_shards(job) == {1: 2}
    assert [(one.job, one.shard) for one in ledger.dispatch(9)] == [(job, 0), (job, 2)]


@pytest.mark.stack
def test_what_was_never_answered_for_goes_after_a_day(ledger: Ledger, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    JobFiles(store, "broken-off").put_shard(0, b"documents")
    recovery = Recovery(store=store, ledger=ledger)
    assert recovery.step() == 0
    assert store.folders("jobs") == ["broken-off"]
    for path in (tmp_path / "jobs").rglob("*"):
        os.utime(path, (0, 0))
    recovery.step()
    assert store.folders("jobs") == []


@pytest.mark.stack
def test_a_shard_that_redis_forgot_was_merged_ends_by_its_results(ledger: Ledger, tmp_path: Path) -> None:
    settings, store = Settings(max_attempts=1), Store(str(tmp_path))
    job = Acceptance(settings=settings, store=store, ledger=ledger).accept(job_of("A cat.")).id
    files = JobFiles(store, job)
    failure = Failure(id="0", index=0, error=ErrorDetail.of(WorkerLost("it died")))
    files.put_results(0, 1, f"{failure.model_dump_json()}\n".encode())
    files.forget_shard(0)
    dispatcher = Dispatcher(settings=settings, store=store, ledger=ledger, app=celery_app(settings.redis_url))
    ledger.dispatch(9)
    for lens in LENSES:
        attempt = ledger.lease(lens, job, 0, owner="dead", for_s=60)
        assert attempt is not None
        ledger.release(attempt)
    again = ledger.lease("static", job, 0, owner="dead", for_s=60)
    assert again is not None
    ledger.release(again)
    (overdue, *_) = ledger.overdue(every_s=1, message_s=60, lease_s=60)
    assert (overdue.stage, overdue.blank) == ("static", 1)
    with pytest.raises(FileNotFoundError):
        dispatcher._again(overdue)
    dispatcher._end_without_documents(overdue)
    assert (ledger.job(job).state, ledger.job(job).counts.failed) == (JobState.ENDED, 1)
    assert ledger.merged_shards(job) == {0: 1}


@pytest.mark.stack
def test_a_job_whose_bodies_were_removed_before_it_was_whole_is_not_brought_back(
    ledger: Ledger, tmp_path: Path
) -> None:
    """An acceptance that is stopped for so long that it is given up goes on where it was, to its manifest."""
    store, settings = Store(str(tmp_path)), Settings(shard_documents=1)
    job = Acceptance(settings=settings, store=store, ledger=ledger).accept(job_of("A cat.", "A dog."))
    ledger._redis.flushdb()
    store.delete_all(f"jobs/{job.id}/shards")
    assert Recovery(store=store, ledger=ledger).step() == 0
    assert not ledger.is_known(job.id)
    assert store.folders("jobs") == []


@pytest.mark.stack
def test_a_job_that_another_gateway_brings_back_and_merges_meanwhile_stays(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, settings = Store(str(tmp_path)), Settings(shard_documents=1)
    job = Acceptance(settings=settings, store=store, ledger=ledger).accept(job_of("A cat.", "A dog.")).id
    ledger._redis.flushdb()
    failure = Failure(id="0", index=0, error=ErrorDetail.of(WorkerLost("it died")))
    listed = JobFiles.shard_numbers

    def merged_after_a_look(files: JobFiles) -> set[int]:
        found = listed(files)
        files.put_results(0, 1, f"{failure.model_dump_json()}\n".encode())
        files.forget_shard(0)
        return found

    monkeypatch.setattr(JobFiles, "shard_numbers", merged_after_a_look)
    assert Recovery(store=store, ledger=ledger).step() == 1
    assert ledger.merged_shards(job) == {0: 1}
