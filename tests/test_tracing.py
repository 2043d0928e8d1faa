"""One trace from a request to the merge of its documents, through real queues, lenses and a real merge."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bifocal import EmbeddedStack
from bifocal.contracts import ShardMessage
from bifocal.ledger import Ledger
from bifocal.observe import tracing
from bifocal.queue import STAGES
from bifocal.settings import Settings, settings
from bifocal.worker.stage import Bench, Stage, StageProcess
from bifocal_contextual.worker import load as load_contextual
from bifocal_gateway.app import create_app
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.merge.stage import MergeStage
from bifocal_static.worker import load as load_static

#: A gateway without a key answers to names of this machine only.
LOCAL = "http://localhost"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
BODY = {"documents": [{"id": "france", "text": "France is a country, it is in Europe."}]}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Every span that is made, in the order in which they end."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.trace_with(provider)
    yield exporter
    tracing.trace_with(None)


class Deployment:
    """A gateway and a worker for each stage in this process, on a ledger, queues and a store of their own."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        self.http = TestClient(create_app(Settings(redis_url=redis_url, store_url=str(folder))), LOCAL)
        self.gateway: Gateway = self.http.app.state.gateway  # type: ignore[attr-defined]
        loads: dict[str, Callable[[Bench], Stage]] = {
            "static": load_static, "contextual": load_contextual, "merge": MergeStage,
        }  # fmt: skip
        self.app: Celery = self.gateway.dispatcher._app
        self.workers = {name: StageProcess() for name in STAGES}
        for name, worker in self.workers.items():
            worker.start(name, loads[name], self.app)

    def message(self, stage: str) -> ShardMessage:
        """The next message in a queue."""
        with self.app.connection() as connection:
            queue = connection.SimpleQueue(stage)
            received = queue.get(timeout=5)
            received.ack()
            queue.close()
        _, arguments, _ = received.payload
        return ShardMessage.model_validate(arguments["message"])

    def work(self) -> list[ShardMessage]:
        """Take a shard all the way."""
        self.gateway.dispatcher.step()
        messages = []
        for stage in ("static", "contextual", "merge"):
            messages.append(self.message(stage))
            self.workers[stage].run(messages[-1])
        return messages

    def close(self) -> None:
        for worker in self.workers.values():
            worker.stop()
        self.gateway.ledger.close()
        self.app.close()


@pytest.fixture
def deployment(stack: EmbeddedStack, ledger: Ledger, tmp_path: Path) -> Iterator[Deployment]:
    url = stack.redis_url.removesuffix("/0") + "/9"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BIFOCAL_REDIS_URL", url)
        environment.setenv("BIFOCAL_STORE_URL", str(tmp_path))
        settings.cache_clear()
        made = Deployment(url, tmp_path)
        yield made
        made.close()
    settings.cache_clear()


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def parent(span: ReadableSpan) -> str:
    return "" if span.parent is None else f"{span.parent.span_id:016x}"


def name_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


@pytest.mark.stack
def test_a_request_its_lenses_and_its_merge_are_one_trace(
    deployment: Deployment, spans: InMemorySpanExporter
) -> None:
    answer = deployment.http.post("/v1/jobs", json=BODY, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert answer.status_code == 202
    messages = deployment.work()
    found = by_name(spans)
    assert set(found) == {
        "POST /v1/jobs", *STAGES, *(f"publish {stage}" for stage in STAGES),
    }  # fmt: skip
    assert {f"{span.context.trace_id:032x}" for span in found.values() if span.context} == {TRACE}
    assert parent(found["POST /v1/jobs"]) == CALLER
    for lens in ("static", "contextual"):
        assert parent(found[f"publish {lens}"]) == name_of(found["POST /v1/jobs"])
        assert parent(found[lens]) == name_of(found[f"publish {lens}"])
    assert parent(found["publish merge"]) == name_of(found["contextual"])
    assert parent(found["merge"]) == name_of(found["publish merge"])
    assert [message.traceparent for message in messages] == [
        f"00-{TRACE}-{name_of(found[f'publish {stage}'])}-01" for stage in ("static", "contextual", "merge")
    ]
    assert found["merge"].attributes == {
        "bifocal.job": answer.json()["id"], "bifocal.shard": 0,
        "bifocal.attempt": 1, "bifocal.result": "done",
    }  # fmt: skip
    assert deployment.gateway.ledger.job(answer.json()["id"]).counts.succeeded == 1


@pytest.mark.stack
def test_a_stage_that_is_sent_again_stays_in_its_trace(
    deployment: Deployment, spans: InMemorySpanExporter, ledger: Ledger
) -> None:
    deployment.http.post("/v1/jobs", json=BODY, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    deployment.gateway.dispatcher.step()
    first = deployment.message("static")
    ledger.lease("static", first.job, first.shard, owner="doomed", for_s=60)
    ledger._redis.delete(f"bifocal:lease:static:{first.job}:0", "bifocal:reconciler")
    deployment.gateway.dispatcher.step()
    again = deployment.message("static")
    assert again.traceparent != first.traceparent
    assert str(again.traceparent).split("-")[1] == TRACE


@pytest.mark.stack
def test_where_tracing_is_off_nothing_of_it_is_sent_or_kept(deployment: Deployment) -> None:
    answer = deployment.http.post("/v1/jobs", json=BODY, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert [message.traceparent for message in deployment.work()] == [None, None, None]
    assert deployment.gateway.ledger.traceparent(answer.json()["id"]) is None
    assert tracing.traceparent() is None


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-01", f"00-{'0' * 32}-{CALLER}-01"])
def test_a_traceparent_that_is_none_begins_a_trace(
    header: str, spans: InMemorySpanExporter, tmp_path: Path
) -> None:
    http = TestClient(create_app(Settings(store_url=str(tmp_path))), LOCAL)
    assert http.get("/healthz", headers={"traceparent": header}).status_code == 200
    (span,) = spans.get_finished_spans()
    assert span.parent is None


def test_a_span_that_fails_quotes_no_document(spans: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), tracing.span("static"):
        {}["Ishmael"]
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert "Ishmael" not in span.to_json()


def test_without_the_packages_there_is_a_warning_and_work_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with caplog.at_level(logging.WARNING):
        tracing.set_up_tracing(Settings(otel=True), "static")
    assert "bifocal[otel]" in caplog.text
    assert not tracing.is_on()
