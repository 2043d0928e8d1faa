"""The HTTP API: what people wire into their workflows."""

import json
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from bifocal import Client, EmbeddedStack
from bifocal.contracts import Document, Job, JobState, Report
from bifocal.errors import ExpiredJob

pytestmark = pytest.mark.stack

FRANCE = "France is a country, it is in Europe."


@pytest.fixture(scope="module")
def http(stack: EmbeddedStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{stack.url}/v1", timeout=60) as connected:
        yield connected


@contextmanager
def nobody_reads(stack: EmbeddedStack) -> Iterator[None]:
    """While the contextual worker sleeps no document is done."""
    os.kill(stack.pid("contextual"), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.pid("contextual"), signal.SIGCONT)


def submit(http: httpx.Client, *texts: str, **fields: object) -> Job:
    documents = [{"id": f"t{number}", "text": text} for number, text in enumerate(texts)]
    answer = http.post("/jobs", json={"documents": documents, **fields})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return Job.model_validate(answer.json())


def look(http: httpx.Client, job: Job, **params: object) -> Job:
    return Job.model_validate(http.get(f"/jobs/{job.id}", params=params).json())


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- waiting ------------------------------------------------------------------------------------


def test_who_waits_for_a_job_is_answered_at_its_end(http: httpx.Client) -> None:
    ended = look(http, submit(http, FRANCE), wait=60)
    assert ended.state is JobState.ENDED
    assert ended.counts.succeeded == 1
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert ended.created_at <= ended.started_at <= ended.ended_at


def test_who_waits_too_short_a_time_is_told_how_far_the_job_is(
    http: httpx.Client, stack: EmbeddedStack
) -> None:
    with nobody_reads(stack):
        job = submit(http, FRANCE)
        assert look(http, job, wait=0.2).state is JobState.IN_PROGRESS
    assert look(http, job, wait=60).state is JobState.ENDED


def test_events_tell_a_job_from_where_it_is_to_its_end(http: httpx.Client) -> None:
    job = submit(http, *[FRANCE] * 40)
    with http.stream("GET", f"/jobs/{job.id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = [
            Job.model_validate_json(line.removeprefix("data: "))
            for line in stream.iter_lines()
            if line.startswith("data: ")
        ]
    assert [one.counts.done for one in told] == sorted(one.counts.done for one in told)
    assert [one.state for one in told][-1] is JobState.ENDED
    assert {one.state for one in told[:-1]} == {JobState.IN_PROGRESS}
    assert told[-1].counts.succeeded == 40


# --- lists --------------------------------------------------------------------------------------


def test_jobs_are_listed_page_by_page_the_latest_first(http: httpx.Client) -> None:
    mine = [look(http, submit(http, FRANCE), wait=60).id for _ in range(3)]
    first = http.get("/jobs", params={"limit": 2}).json()
    second = http.get("/jobs", params={"limit": 1, "cursor": first["next"]}).json()
    assert [job["id"] for job in (*first["jobs"], *second["jobs"])] == mine[::-1]


def test_jobs_are_listed_by_state(http: httpx.Client, stack: EmbeddedStack) -> None:
    with nobody_reads(stack):
        job = submit(http, FRANCE)
        running = http.get("/jobs", params={"state": "in_progress"}).json()
        assert [one["id"] for one in running["jobs"]] == [job.id]
    look(http, job, wait=60)
    assert http.get("/jobs", params={"state": "in_progress"}).json() == {
        "schema_version": 1,
        "jobs": [],
        "next": None,
    }


def test_a_cursor_that_is_none_is_refused(http: httpx.Client) -> None:
    assert code(http.get("/jobs", params={"cursor": "nan"})) == (400, "invalid_request")
    job = look(http, submit(http, FRANCE), wait=60)
    assert code(http.get(f"/jobs/{job.id}/results", params={"cursor": "-1"})) == (400, "invalid_request")


# --- the end of a job ---------------------------------------------------------------------------


def test_a_canceled_job_keeps_the_reports_it_has_and_begins_no_more(
    http: httpx.Client, client: Client, stack: EmbeddedStack
) -> None:
    job = submit(http, *[FRANCE] * 500)
    client.wait(job.id, progress=lambda now: now.counts.done and http.post(f"/jobs/{job.id}/cancel"))
    ended = look(http, job)
    assert ended.canceling_at is not None
    assert ended.counts.succeeded > 0
    assert ended.counts.canceled > 0
    assert ended.counts.done == ended.counts.succeeded + ended.counts.canceled == 500
    results = [json.loads(line) for line in http.get(f"/jobs/{job.id}/results").text.splitlines()]
    assert sorted(one["id"] for one in results) == sorted(f"t{number}" for number in range(500))
    outcomes = [one["outcome"] for one in results]
    assert outcomes.count("canceled") == ended.counts.canceled
    codes = {one["error"]["code"] for one in results if one["outcome"] == "canceled"}
    assert codes == {"job_canceled"}


def test_to_cancel_a_job_twice_or_after_its_end_changes_nothing(
    http: httpx.Client, stack: EmbeddedStack
) -> None:
    with nobody_reads(stack):
        job = submit(http, FRANCE)
        assert http.post(f"/jobs/{job.id}/cancel").json()["state"] in {"canceling", "ended"}
        ended = look(http, job, wait=60)
    assert ended.counts.canceled == 1
    assert Job.model_validate(http.post(f"/jobs/{job.id}/cancel").json()) == ended


def test_a_job_is_deleted_once_it_has_ended_and_is_said_to_have_been(
    http: httpx.Client, client: Client, stack: EmbeddedStack
) -> None:
    with nobody_reads(stack):
        job = submit(http, FRANCE)
        assert code(http.delete(f"/jobs/{job.id}")) == (409, "job_in_progress")
    look(http, job, wait=60)
    assert http.delete(f"/jobs/{job.id}").status_code == 204
    assert code(http.get(f"/jobs/{job.id}")) == (410, "expired_job")
    assert not (stack.folder / "store" / "jobs" / job.id).exists()
    assert job.id not in {one["id"] for one in http.get("/jobs").json()["jobs"]}
    with pytest.raises(ExpiredJob):
        client.job(job.id)


def test_what_failed_is_tried_again_as_a_job_of_its_own(http: httpx.Client, stack: EmbeddedStack) -> None:
    with nobody_reads(stack):
        job = submit(http, FRANCE, "", "A cat sat.", options={"permutations": 0}, priority="interactive")
        assert code(http.post(f"/jobs/{job.id}/retry")) == (409, "job_in_progress")
        http.post(f"/jobs/{job.id}/cancel")
        assert look(http, job, wait=60).counts.canceled == 2
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    answers = [http.post(f"/jobs/{job.id}/retry", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["id"] for answer in answers} | {job.id}) == 2
    again = look(http, Job.model_validate(answers[0].json()), wait=60)
    # The empty one was refused at acceptance, and would be again.
    assert (again.counts.total, again.counts.succeeded) == (2, 2)
    assert (again.options, again.priority) == (job.options, job.priority)
    assert {json.loads(line)["id"] for line in http.get(f"/jobs/{again.id}/results").text.splitlines()} == {
        "t0",
        "t2",
    }
    assert code(http.post(f"/jobs/{again.id}/retry")) == (409, "nothing_to_retry")


# --- results ------------------------------------------------------------------------------------


def test_one_result_is_found_by_the_id_of_its_document(http: httpx.Client) -> None:
    documents = [{"id": f"a/{n} ü", "text": FRANCE} for n in range(70)] + [{"id": "empty", "text": ""}]
    job = Job.model_validate(http.post("/jobs", json={"documents": documents}).json())
    look(http, job, wait=60)
    for number in (0, 33, 69):
        found = http.get(f"/jobs/{job.id}/results/a/{number} ü")
        assert Report.model_validate(found.json()).id == f"a/{number} ü"
    assert http.get(f"/jobs/{job.id}/results/empty").json()["error"]["code"] == "empty_document"
    assert code(http.get(f"/jobs/{job.id}/results/a/70 ü")) == (404, "unknown_document")


def test_results_can_be_had_from_any_line_on(http: httpx.Client) -> None:
    job = look(http, submit(http, *[FRANCE] * 40), wait=60)
    whole = http.get(f"/jobs/{job.id}/results").text.splitlines()
    some = http.get(f"/jobs/{job.id}/results", params={"cursor": "0", "offset": 30, "limit": 5})
    assert some.text.splitlines() == whole[30:35]
    end = http.get(f"/jobs/{job.id}/results", params={"cursor": some.headers["bifocal-next-cursor"]})
    assert (end.text, end.headers["bifocal-next-cursor"]) == ("", some.headers["bifocal-next-cursor"])


# --- idempotency --------------------------------------------------------------------------------


def test_a_request_sent_again_with_its_key_makes_no_second_job(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"documents": [{"id": "a", "text": FRANCE}]}
    answers = [http.post("/jobs", json=body, headers=headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = http.post("/jobs", json={"documents": [{"id": "b", "text": FRANCE}]}, headers=headers)
    assert code(other) == (422, "idempotency_mismatch")
    assert http.post("/jobs", json=body).json()["id"] != answers[0].json()["id"]


def test_a_key_whose_request_was_refused_can_be_used_again(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    bad = http.post("/jobs", content="{", headers={**headers, "content-type": "application/json"})
    assert code(bad) == (400, "invalid_request")
    good = http.post("/jobs", json={"documents": [{"id": "a", "text": FRANCE}]}, headers=headers)
    assert good.status_code == 202


@pytest.mark.parametrize("key", ["", "two words", "x" * 256])
def test_a_key_that_is_none_is_refused(key: str, http: httpx.Client) -> None:
    body = {"documents": [{"id": "a", "text": FRANCE}]}
    assert code(http.post("/jobs", json=body, headers={"Idempotency-Key": key})) == (422, "invalid_request")


def test_a_method_that_a_path_does_not_know_is_told_those_that_it_does(http: httpx.Client) -> None:
    answer = http.put("/jobs/x")
    assert code(answer) == (405, "http_error")
    assert answer.headers["allow"] == "DELETE, GET"


# --- interactive --------------------------------------------------------------------------------


def test_a_short_text_is_answered_with_its_report_and_leaves_nothing(
    http: httpx.Client, client: Client, stack: EmbeddedStack
) -> None:
    before = http.get("/jobs").json()["jobs"]
    answer = http.post("/compare", json={"text": FRANCE})
    assert answer.status_code == 200
    (expected,) = client.compare([Document(id="text", text=FRANCE)])
    assert Report.model_validate(answer.json()) == expected
    assert len(http.get("/jobs").json()["jobs"]) == len(before) + 1


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"text": ""}, 422, "empty_document"),
        ({"text": "a " * 40_000}, 422, "document_too_large"),
        ({"text": "a", "options": {"static_models": ["none"]}}, 422, "unknown_model"),
        ({"text": "a\x00b"}, 422, "invalid_text"),
        ({}, 422, "invalid_request"),
    ],
)
def test_a_text_that_cannot_be_compared_is_refused_with_the_reason(
    asked: dict[str, object], status: int, said: str, http: httpx.Client
) -> None:
    assert code(http.post("/compare", json=asked)) == (status, said)


def test_an_interactive_job_goes_before_all_that_waits_in_bulk(http: httpx.Client) -> None:
    bulk = submit(http, *[f"{FRANCE} " * 30] * 400)
    assert http.post("/compare", json={"text": FRANCE}).status_code == 200
    still = look(http, bulk)
    assert still.state is JobState.IN_PROGRESS
    assert still.documents_per_s is None or still.expected_end_at is not None
    http.post(f"/jobs/{bulk.id}/cancel")
    look(http, bulk, wait=60)


def test_the_models_of_the_deployment_are_told(http: httpx.Client) -> None:
    found = http.get("/models").json()
    assert {"name": "glove-6b-50d", "is_default": True} in found["static"]
    assert {"name": "minilm-l6:embeddings", "is_default": False} in found["static"]
    assert found["contextual"] == [{"name": "minilm-l6", "is_default": True}]


def test_the_neighbours_of_a_word_are_those_of_the_model(http: httpx.Client) -> None:
    from bifocal.models import static_models
    from bifocal.settings import Settings
    from bifocal_static.vectors import load_vectors

    found = http.get("/vocabulary/Queen/neighbours", params={"n": 5, "space": "as_trained"}).json()
    vectors = load_vectors(static_models(Settings())["glove-6b-50d"])
    assert (found["word"], found["model"]) == ("queen", "glove-6b-50d")
    expected = vectors.neighbours("queen", 5)
    assert [near["word"] for near in found["neighbours"]] == [word for word, _ in expected]
    assert [near["cosine"] for near in found["neighbours"]] == pytest.approx(
        [cosine for _, cosine in expected], abs=1e-6
    )
    assert code(http.get("/vocabulary/qqqqzzzz/neighbours")) == (404, "unknown_word")
    assert code(http.get("/vocabulary/queen/neighbours", params={"model": "x"})) == (422, "unknown_model")
