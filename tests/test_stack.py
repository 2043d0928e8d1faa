"""The whole way of a document, through a real Redis, gateway and workers."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bifocal import Client, Document, EmbeddedStack, Failure, Options, Report, Verdict
from bifocal.contracts import Listing, Relation
from bifocal.errors import (
    GatewayUnreachable,
    InvalidOptions,
    StackFailed,
    UnknownJob,
    UnknownLanguage,
    UnknownModel,
)

pytestmark = pytest.mark.stack

FRANCE = Document(id="france", text="France is a country, it is in Europe.")


def reports(client: Client, documents: list[Document], **options: object) -> dict[str, Report]:
    found = list(client.compare(documents, Options.model_validate(options)))
    assert all(isinstance(result, Report) for result in found)
    return {result.id: result for result in found if isinstance(result, Report)}


def pair(report: Report, a: str, b: str) -> Relation:
    return next(r for r in report.relations if {r.a.text, r.b.text} == {a, b})


def test_it_and_france_are_tied_by_context(client: Client) -> None:
    relation = pair(reports(client, [FRANCE])["france"], "it", "France")
    assert relation.verdict in (Verdict.CONTEXT_ONLY, Verdict.BOTH)
    assert relation.kind is not None
    assert (relation.kind.name, relation.kind.direction) == ("refers_to", "b_to_a")


def test_a_pair_has_one_static_value_and_as_many_contextual_ones_as_sentences(client: Client) -> None:
    found = reports(
        client,
        [
            Document(id="a", text="The king married the queen."),
            Document(id="b", text="The queen left, and years later, far away, an old king died."),
        ],
        listing=Listing.ALL,
    )
    one, other = pair(found["a"], "king", "queen"), pair(found["b"], "king", "queen")
    assert one.static is not None
    assert other.static is not None
    assert (one.static.cosine, one.static.percentile) == (other.static.cosine, other.static.percentile)
    assert one.contextual.lift != other.contextual.lift


def test_the_same_documents_give_the_same_bytes_in_any_order_and_in_any_batch(
    client: Client, lee: list[Document]
) -> None:
    some = [Document(id=one.id, text=one.text[:700]) for one in lee[:40]]
    batches = [[some], [some], [some[::-1]], [some[:3], some[3:20], [some[20]], some[21:]]]
    written = [
        sorted(
            report.model_dump_json()
            for documents in batch
            for report in reports(client, documents, neighbours=2).values()
        )
        for batch in batches
    ]
    assert len(written[0]) == 40
    assert written[0] == written[1] == written[2] == written[3]


def test_verdict_counts_add_up_for_real_documents(client: Client, lee: list[Document]) -> None:
    for report in reports(client, lee[:20]).values():
        assert report.verdicts.total == report.n_candidate_pairs > 0


def test_offsets_point_into_the_text_as_submitted(client: Client) -> None:
    text = "👋🏽  Łódź ist schön —\n\nand it doesn't rain; Łódź e\u0301te\u0301."
    report = reports(client, [Document(id="u", text=text)], listing=Listing.ALL)["u"]
    assert report.relations
    for relation in report.relations:
        for word in (relation.a, relation.b):
            assert text[word.start : word.end] == word.text


@pytest.mark.parametrize(
    "text", ["你好世界，你好吗？", "สวัสดีชาวโลก", "مرحبا بالعالم", "🙂", "word", "a" * 100_000]
)
def test_any_text_ends_in_a_report(text: str, client: Client) -> None:
    assert reports(client, [Document(id="t", text=text)])["t"].verdicts.total >= 0


def test_bad_documents_fail_alone_and_each_says_why(client: Client, stack: EmbeddedStack) -> None:
    bad = {
        "empty": ("", "empty_document"),
        "blank": (" \n ", "empty_document"),
        "nul": ("a\x00b", "invalid_text"),
        "large": ("a" * 5_000_000, "document_too_large"),
        "words": ("a " * 60_000, "document_too_large"),
        "surrogate": ("a\ud800b", "invalid_text"),
        "number": (7, "invalid_document"),
        "nothing": (None, "invalid_document"),
    }
    documents: list[object] = [{"id": name, "text": text} for name, (text, _) in bad.items()]
    good = [{"id": "good", "text": FRANCE.text}, {"id": "also good", "text": FRANCE.text}]
    others = [
        {"id": "good", "text": "again"},
        {"text": "nameless"},
        "no object",
        {"id": "x", "text": "y", "z": 1},
    ]
    # As ASCII, because a lone surrogate can be escaped but not encoded.
    body = json.dumps({"documents": [good[0], *documents, *others, good[1]]})
    answer = httpx.post(f"{stack.url}/v1/jobs", content=body, timeout=60)
    assert answer.status_code == 202
    job = client.wait(answer.json()["id"])
    assert (job.counts.succeeded, job.counts.failed) == (2, len(documents) + len(others))
    results = list(client.results(job.id))
    assert {result.id for result in results if isinstance(result, Report)} == {"good", "also good"}
    codes = {result.id: result.error.code for result in results if isinstance(result, Failure)}
    for name, (_, code) in bad.items():
        assert codes[name] == code
    assert codes["good"] == "duplicate_id"
    assert codes["documents[10]"] == codes["documents[11]"] == codes["x"] == "invalid_document"


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ({"static_models": ["word3vec"]}, UnknownModel, "glove-6b-50d"),
        ({"contextual_models": ["gpt-9"]}, UnknownModel, "minilm-l6"),
        ({"static_threshold": 1.5}, InvalidOptions, "static_threshold"),
        ({"window_overlap": "much"}, InvalidOptions, "window_overlap"),
        ({"windows": 3}, InvalidOptions, "windows"),
        ({"language": "qq"}, UnknownLanguage, "'qq'"),
    ],
)
def test_bad_options_are_refused_as_a_whole_and_named(
    options: dict[str, object], error: type[Exception], part: str, client: Client, stack: EmbeddedStack
) -> None:
    answer = httpx.post(f"{stack.url}/v1/jobs", json={"documents": [FRANCE.model_dump()], "options": options})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert part in answer.json()["detail"]
    assert answer.json()["code"] == error.code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"documents": []}', b'{"documents": 3}', b"[" * 100_000, b"\xff"]
)
def test_a_body_that_is_no_job_is_refused(body: bytes, stack: EmbeddedStack) -> None:
    answer = httpx.post(f"{stack.url}/v1/jobs", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_folder_serves_one_stack_at_a_time(tmp_path: Path) -> None:
    second = EmbeddedStack(folder=tmp_path)
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StackFailed, match="another stack"):
            second.__enter__()


def test_an_option_that_only_the_model_can_refuse_fails_its_documents(client: Client) -> None:
    (failure,) = client.compare([FRANCE], Options(window_tokens=600))
    assert isinstance(failure, Failure)
    assert failure.error.code == "invalid_options"
    assert "at most 512" in failure.error.message


def test_an_unknown_job_is_a_404_that_the_client_raises(client: Client) -> None:
    with pytest.raises(UnknownJob):
        client.job("nobody")
    with pytest.raises(UnknownJob):
        list(client.results("nobody"))
    with pytest.raises(UnknownJob):
        client.summary("nobody")


def test_a_gateway_that_is_not_there_is_said_to_be_unreachable() -> None:
    url = "http://127.0.0.1:9"
    with Client(url, retry_for_s=0) as nobody, pytest.raises(GatewayUnreachable, match="bifocal serve"):
        nobody.job("any")


def test_results_can_be_followed_part_by_part_without_gap_or_repetition(
    client: Client, lee: list[Document]
) -> None:
    documents = [
        Document(id="empty", text=""),
        *(d.model_copy(update={"text": d.text[:200]}) for d in lee[:70]),
    ]
    job = client.submit(documents)
    followed = [result.id for result in client.follow(job.id)]
    assert followed == [document.id for document in documents]
    assert followed == [result.id for result in client.results(job.id)]


def test_health_says_that_it_lives_and_readiness_what_is_there(stack: EmbeddedStack) -> None:
    assert httpx.get(f"{stack.url}/healthz").json() == {"status": "alive"}
    ready = httpx.get(f"{stack.url}/readyz")
    assert ready.status_code == 200
    assert ready.json()["workers"] == {"static": 1, "contextual": 1, "merge": 1}


def test_nothing_of_a_finished_job_is_left_but_its_results_terms_and_that_it_was_accepted(
    client: Client, stack: EmbeddedStack
) -> None:
    job = client.submit([FRANCE])
    client.wait(job.id)
    # The inputs go just after the results are committed.
    list(client.compare([FRANCE]))
    left = sorted(p.parent.name for p in (stack.folder / "store" / "jobs" / job.id).rglob("*") if p.is_file())
    assert left == sorted([job.id, job.id, "results", "terms", "terms", "terms", "texts"])


def test_a_key_is_asked_for_where_one_is_set(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from bifocal.settings import Settings
    from bifocal_gateway.app import create_app

    app = create_app(Settings(api_key=SecretStr("secret"), store_url=str(tmp_path)))
    with_key = TestClient(app, raise_server_exceptions=False)
    assert with_key.get("/v1/jobs/x").status_code == 401
    assert with_key.get("/v1/jobs/x", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert with_key.get("/v1/jobs/x", headers={"Authorization": "Bearer secret"}).status_code != 401
    assert with_key.get("/healthz").status_code == 200


def test_a_worker_killed_at_work_loses_nothing(lee: list[Document]) -> None:
    quick = {"BIFOCAL_LEASE_S": "1.5", "BIFOCAL_SHARD_DOCUMENTS": "4"}
    with EmbeddedStack(env=quick) as stack, stack.client() as client:
        stack.wait_ready()
        job = client.submit(lee[:24])
        killed = False

        def kill_once(now: object) -> None:
            nonlocal killed
            if not killed and now.counts.done > 0:  # type: ignore[attr-defined]
                os.kill(stack.pid("contextual"), signal.SIGKILL)
                stack.start("contextual")
                killed = True

        client.wait(job.id, progress=kill_once)
        assert killed
        results = list(client.results(job.id))
    assert sorted(result.id for result in results) == sorted(document.id for document in lee[:24])
    assert all(isinstance(result, Report) for result in results)


def test_what_is_not_read_by_the_deadline_ends_as_failures(client: Client, stack: EmbeddedStack) -> None:
    os.kill(stack.pid("contextual"), signal.SIGSTOP)
    try:
        documents = [Document(id=str(number), text="A cat sat.") for number in range(40)]
        job = client.wait(client.submit(documents, deadline_s=1).id)
    finally:
        os.kill(stack.pid("contextual"), signal.SIGCONT)
    assert job.counts.failed == 40
    results = list(client.results(job.id))
    assert [result.id for result in results] == [document.id for document in documents]
    assert {result.error.code for result in results if isinstance(result, Failure)} == {"deadline_passed"}


def test_a_worker_that_holds_too_much_memory_makes_way_after_its_shard() -> None:
    with EmbeddedStack(env={"BIFOCAL_WORKER_MEMORY_MB": "1"}) as stack, stack.client() as client:
        stack.wait_ready()
        assert client.wait(client.submit([FRANCE]).id).counts.succeeded == 1
        assert [stack._processes[name].wait(60) for name in ("static", "contextual", "merge")] == [0, 0, 0]


def test_a_worker_that_cannot_load_says_why_and_never_becomes_ready(
    tmp_path: Path, stack: EmbeddedStack
) -> None:
    (tmp_path / "minilm-l6.json").write_text("{}")
    own = {
        "BIFOCAL_REDIS_URL": stack.redis_url.removesuffix("/0") + "/8",
        "BIFOCAL_CATALOGUE_FOLDER": str(tmp_path),
        "BIFOCAL_READY_FILE": str(tmp_path / "ready"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bifocal_contextual"],
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == os.EX_CONFIG
    assert "the contextual worker cannot start" in done.stderr
    assert "minilm-l6.json" in done.stderr
    assert not (tmp_path / "ready").exists()


def test_documents_whose_lens_never_comes_back_end_as_failures(tmp_path: Path) -> None:
    """A lens that dies at every attempt: its shard is given up after the attempts allowed."""
    from bifocal.ledger import Ledger
    from bifocal.lenses import LENSES

    hopeless = {"BIFOCAL_LEASE_S": "0.5", "BIFOCAL_LOOK_S": "0.1", "BIFOCAL_MAX_ATTEMPTS": "2"}
    with EmbeddedStack(env=hopeless) as stack, stack.client() as client:
        stack.wait_ready()
        os.kill(stack.pid("contextual"), signal.SIGSTOP)
        ledger = Ledger.connect(stack.redis_url, LENSES)
        job = client.submit([FRANCE])

        def die_again(_: object) -> None:
            # Stands for a worker that begins the shard and dies: the lease runs out, the message is gone.
            ledger.lease("contextual", job.id, 0, owner="doomed", for_s=0.2)
            ledger._redis.delete("bifocal:broker:contextual")

        client.wait(job.id, progress=die_again)
        ledger.close()
        (failure,) = client.results(job.id)
        assert client.summary(job.id).n_documents == 0
    assert isinstance(failure, Failure)
    assert failure.error.code == "worker_lost"
    assert re.search(r"in [2-9] attempts", failure.error.message)


def test_accepted_jobs_survive_a_restart_of_the_whole_stack(tmp_path: Path) -> None:
    with EmbeddedStack(folder=tmp_path) as stack, stack.client() as client:
        os.kill(stack.pid("contextual"), signal.SIGSTOP)
        job = client.submit([FRANCE])
        os.kill(stack.pid("contextual"), signal.SIGKILL)
    with (
        EmbeddedStack(folder=tmp_path) as stack,
        stack.client() as client,
    ):
        assert client.wait(job.id).counts.succeeded == 1
