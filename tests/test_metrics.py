"""Metrics of the gateway and of workers, as a scrape sees them."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bifocal import EmbeddedStack
from bifocal.contracts import Options, ShardDocument
from bifocal.ledger import Ledger
from bifocal.observe.exposition import serve_metrics, text_of
from bifocal.observe.metrics import count_done, count_failures
from bifocal.settings import Settings
from bifocal.store import Store
from bifocal.worker.presence import Presence
from bifocal_gateway.app import create_app
from bifocal_gateway.dispatcher import Dispatcher
from exposed import Exposed

OPERATIONS = (Path(__file__).parents[1] / "docs" / "operations.md").read_text("utf-8")
#: A gateway without a key answers to names of this machine only.
LOCAL = "http://localhost"
NOBODY = "redis://127.0.0.1:9/0"


def gateway(stack: EmbeddedStack, folder: Path) -> TestClient:
    """A gateway on an empty ledger, whose dispatcher does not run."""
    url = stack.redis_url.removesuffix("/0") + "/9"
    return TestClient(create_app(Settings(redis_url=url, store_url=str(folder))), LOCAL)


def scrape(client: TestClient) -> Exposed:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Exposed(answer.text)


@pytest.mark.stack
def test_a_scrape_tells_what_was_accepted_and_how_full_the_ledger_is(
    stack: EmbeddedStack, ledger: Ledger, tmp_path: Path
) -> None:
    ledger.create_job("job", options=Options(), n_documents=33, n_refused=3, n_shards=3)
    ledger.dispatch(2)
    ledger.lease("static", "job", 0, owner="me", for_s=60)
    ledger.announce("static", "a", loaded="glove", for_s=60)
    ledger.finish_shard("job", 1, 1, succeeded=9, errored=1)
    found = scrape(gateway(stack, tmp_path))
    assert found("bifocal_redis_up") == 1
    assert found("bifocal_dispatcher_alive") == 0
    assert found("bifocal_documents_accepted_total") == 30
    assert found("bifocal_documents_refused_total") == 3
    assert found("bifocal_documents_ended_total", outcome="succeeded") == 9
    assert found("bifocal_documents_ended_total", outcome="errored") == 1
    assert (found("bifocal_shards_pending"), found("bifocal_shards_in_flight")) == (1, 1)
    assert found("bifocal_stage_shards", stage="static", state="running") == 1
    assert found("bifocal_stage_shards", stage="contextual", state="waiting") == 1
    assert found("bifocal_stage_attempts_total", stage="static") == 1
    assert (found("bifocal_workers", stage="static"), found("bifocal_workers", stage="merge")) == (1, 0)
    assert found("process_resident_memory_bytes") > 10_000_000


@pytest.mark.stack
def test_requests_are_timed_by_route_and_status_and_no_path_gets_into_a_label(
    stack: EmbeddedStack, ledger: Ledger, tmp_path: Path
) -> None:
    client = gateway(stack, tmp_path)

    def counted(**labels: str) -> float:
        return scrape(client)("bifocal_http_request_duration_seconds_count", **labels)

    unknown = {"method": "GET", "route": "/v1/jobs/{job_id}", "status": "404"}
    unmatched = {"method": "other", "route": "unmatched", "status": "404"}
    before = counted(**unknown), counted(**unmatched)
    client.get("/v1/jobs/secret-name")
    client.request("BREW", "/coffee")
    assert (counted(**unknown), counted(**unmatched)) == (before[0] + 1, before[1] + 1)
    assert not scrape(client).labels() & {"secret-name", "/coffee", "BREW", "/v1/jobs/secret-name"}


def test_without_redis_the_rest_is_told_all_the_same(tmp_path: Path) -> None:
    client = TestClient(create_app(Settings(redis_url=NOBODY, store_url=str(tmp_path))), LOCAL)
    found = scrape(client)
    assert found("bifocal_redis_up") == 0
    assert found("process_resident_memory_bytes") > 0
    assert found("bifocal_redis_errors_total", at="metrics") >= 1


def test_metrics_ask_for_the_key_where_one_is_set(tmp_path: Path) -> None:
    app = create_app(Settings(redis_url=NOBODY, store_url=str(tmp_path), api_key=SecretStr("secret")))
    client = TestClient(app)
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200


@pytest.mark.stack
def test_a_stage_that_is_given_up_is_counted(
    stack: EmbeddedStack, ledger: Ledger, tmp_path: Path, segmented: Callable[..., ShardDocument]
) -> None:
    from bifocal.contracts import Shard
    from bifocal.queue import celery_app
    from bifocal.store import JobFiles

    store = Store(str(tmp_path))
    shard = Shard(job="job", shard=0, options=Options(), documents=[segmented("One word.")])
    JobFiles(store, "job").put_shard(0, shard.model_dump_json().encode())
    ledger.create_job("job", options=Options(), n_documents=1, n_refused=0, n_shards=1)
    url = stack.redis_url.removesuffix("/0") + "/9"
    settings = Settings(redis_url=url, max_attempts=1, look_s=0.001)
    dispatcher = Dispatcher(settings=settings, store=store, ledger=ledger, app=celery_app(url))
    before = Exposed(text_of().decode())("bifocal_stages_given_up_total", stage="static")
    dispatcher.step()
    for _ in range(2):
        ledger.lease("static", "job", 0, owner="doomed", for_s=60)
        ledger._redis.delete("bifocal:lease:static:job:0", "bifocal:reconciler")
        dispatcher.step()
    assert Exposed(text_of().decode())("bifocal_stages_given_up_total", stage="static") == before + 1


@pytest.mark.stack
def test_a_lease_that_is_lost_at_work_is_counted_once_and_one_given_back_is_not(ledger: Ledger) -> None:
    presence = Presence(
        ledger, "static", "me", loaded="glove", lease_s=60, most_s=60, ready_file=None
    )  # fmt: skip

    def losses() -> float:
        return Exposed(text_of().decode())("bifocal_lease_losses_total", stage="static")

    ledger.create_job("job", options=Options(), n_documents=2, n_refused=0, n_shards=2)
    ledger.dispatch(2)
    before = losses()
    presence.take("job", 0)
    ledger._redis.delete("bifocal:lease:static:job:0")
    presence._beat()
    presence._beat()
    assert losses() == before + 1
    presence.give_back(undone=False)
    presence.take("job", 1)
    presence._beat()
    presence.give_back(undone=False)
    presence._beat()
    assert losses() == before + 1


def test_a_store_that_fails_is_counted_and_one_that_lacks_a_blob_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sound, unsound = Store(str(tmp_path)), Store(str(tmp_path / "file"))

    def errors() -> float:
        return Exposed(text_of().decode())("bifocal_store_errors_total")

    before = errors()
    with pytest.raises(FileNotFoundError):
        sound.get("nothing")
    assert errors() == before
    with pytest.raises(OSError, match="file"):
        unsound.put("a/b", b"")
    assert errors() == before + 1


def test_a_worker_serves_its_metrics_at_its_port_to_whoever_has_the_key(
    segmented: Callable[..., ShardDocument],
) -> None:
    port = serve_metrics(Settings(metrics_port=0, api_key=SecretStr("secret")))
    assert serve_metrics(Settings()) is None
    assert serve_metrics(Settings(metrics_port=port)) is None, "a port that is taken is no reason not to work"
    count_done("merge", [segmented("Two words"), segmented("More words here")])
    count_failures(["empty_document"])

    def ask(path: str, key: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {key}"})

    found = Exposed(ask("/metrics", "secret").text)
    assert found("bifocal_stage_documents_total", stage="merge") >= 2
    assert found("bifocal_stage_words_total", stage="merge") >= 5
    assert found("bifocal_document_failures_total", code="empty_document") >= 1
    assert (ask("/metrics", "wrong").status_code, ask("/", "secret").status_code) == (401, 404)


@pytest.mark.stack
def test_every_metric_has_a_unit_or_kind_in_its_name_and_a_line_in_the_docs(
    stack: EmbeddedStack, ledger: Ledger, tmp_path: Path
) -> None:
    told = set(re.findall(r"`(bifocal_\w+)", OPERATIONS))
    found = scrape(gateway(stack, tmp_path)).families
    ours = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in found
        if family.name.startswith("bifocal_")
    }
    assert ours == told
    for family in found:
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
