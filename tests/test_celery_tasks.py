"""One run of a task at a time: what it submits, and what it leaves for the next run."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from celery import Celery
from celery.exceptions import Reject, Retry

from bifocal import EmbeddedStack
from bifocal import celery as tasks
from bifocal.celery import compare, compare_batch
from bifocal.errors import GatewayUnreachable, InvalidDocument, InvalidRequest, UnknownModel
from bifocal.settings import settings

DOG = "The old dog chased the cats."
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def gateway_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Points the tasks of this process at a gateway."""

    def forget() -> None:
        if tasks._client.cache_info().currsize:
            tasks._client(os.getpid()).close()
        tasks._client.cache_clear()
        settings.cache_clear()

    def choose(url: str) -> None:
        monkeypatch.setenv("BIFOCAL_URL", url)
        forget()

    yield choose
    monkeypatch.undo()
    forget()


@pytest.fixture
def app() -> Iterator[Celery]:
    with Celery("other", broker="memory://", set_as_current=False) as made:
        made.set_current()
        yield made
        Celery("after", broker="memory://").set_current()


@contextmanager
def at_work(app: Celery, *args: Any, task_id: str = "the-task", **kwargs: Any) -> Iterator[Any]:
    """A comparison as a worker of the app is about to run it."""
    task = app.tasks["bifocal.compare"]
    task.push_request(
        id=task_id,
        args=args,
        kwargs=kwargs,
        retries=0,
        called_directly=False,
        is_eager=False,
        chain=[{"task": "pipeline.index", "args": [], "kwargs": {}, "options": {}}],
        delivery_info={"exchange": "", "routing_key": "own"},
    )
    try:
        yield lambda: task.run(*args, **kwargs)
    finally:
        task.pop_request()


def next_run(app: Celery, *args: Any, **kwargs: Any) -> Any:
    with at_work(app, *args, **kwargs) as run, pytest.raises(Retry) as later:
        run()
    return later.value.sig


@pytest.mark.stack
def test_once_accepted_a_task_carries_the_job_and_no_document(
    app: Celery, gateway_at: Any, stack: EmbeddedStack
) -> None:
    gateway_at(stack.url)
    again = next_run(app, DOG, {"listing": "all"}, terms=[], reference=True)
    assert tuple(again.args) == (None,)
    assert set(again.kwargs) == {"reference", "progress"}
    assert DOG not in json.dumps([again.args, again.kwargs])
    assert (again.options["task_id"], again.options["queue"]) == ("the-task", "own")
    assert again.options["chain"][0]["task"] == "pipeline.index"
    with stack.client() as client:
        client.wait(again.kwargs["progress"]["job"])
    with at_work(app, *again.args, **again.kwargs) as run:
        assert run()["counts"]["succeeded"] == 1


def test_a_task_whose_gateway_is_gone_keeps_its_documents_and_gives_up_in_the_end(
    app: Celery, gateway_at: Any
) -> None:
    gateway_at(NOBODY)
    again = next_run(app, DOG, reference=True)
    assert tuple(again.args) == (DOG,)
    for _ in range(tasks._MOST_TROUBLES - 1):
        again = next_run(app, *again.args, **again.kwargs)
    with at_work(app, *again.args, **again.kwargs) as run, pytest.raises(GatewayUnreachable):
        run()


def test_a_task_that_its_broker_does_not_take_back_stays_where_it_is(gateway_at: Any, tmp_path: Path) -> None:
    gateway_at(NOBODY)
    with Celery("other", broker="filesystem://", set_as_current=False) as app:
        app.conf.broker_transport_options = {"data_folder_out": str(tmp_path / "nowhere")}
        app.conf.task_publish_retry = False
        app.set_current()
        with at_work(app, DOG) as run, pytest.raises(Reject) as kept:
            run()
        Celery("after", broker="memory://").set_current()
    assert kept.value.requeue


class Recorder(BaseHTTPRequestHandler):
    """Notes the idempotency key of each request and refuses it."""

    keys: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        self.rfile.readline()
        self.keys.append(self.headers["Idempotency-Key"])
        body = json.dumps({"code": "unknown_model", "detail": "there is none"}).encode()
        self.send_response(422)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_task_delivered_twice_submits_under_its_own_id_both_times(app: Celery, gateway_at: Any) -> None:
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            gateway_at(f"http://127.0.0.1:{server.server_port}")
            for _ in range(2):
                with at_work(app, DOG) as run, pytest.raises(UnknownModel, match="there is none"):
                    run()
        finally:
            server.shutdown()
            thread.join()
    assert Recorder.keys == ["the-task", "the-task"]


@pytest.mark.stack
def test_a_task_delivered_again_finds_the_job_that_it_made(
    app: Celery, gateway_at: Any, stack: EmbeddedStack
) -> None:
    gateway_at(stack.url)
    made = next_run(app, DOG, task_id="again", reference=True).kwargs["progress"]["job"]
    with stack.client() as client:
        client.wait(made)
    with at_work(app, DOG, task_id="again", reference=True) as run:
        assert run()["job"] == made


@pytest.mark.stack
def test_where_there_is_no_worker_a_task_waits_for_its_job(
    app: Celery, gateway_at: Any, stack: EmbeddedStack
) -> None:
    gateway_at(stack.url)
    called = compare({"id": "dog", "text": DOG})
    assert called["id"] == "dog"
    assert compare.apply(args=[{"id": "dog", "text": DOG}]).get() == called
    (one,) = compare_batch([{"id": "dog", "text": DOG}])
    assert one == called


@pytest.mark.parametrize(
    "wrong", [7, None, {"id": "a"}, {"text": 7}, {"id": "", "text": DOG}, [DOG], "\ud800"]
)
def test_what_is_no_document_is_said_to_be_none(wrong: object) -> None:
    with pytest.raises(InvalidDocument, match="the document"):
        compare(wrong)
    with pytest.raises(InvalidDocument, match=r"documents\[1\]"):
        compare_batch([DOG, wrong])


@pytest.mark.parametrize("wrong", [DOG, None, [], {"text": DOG}])
def test_a_batch_is_a_list(wrong: object) -> None:
    with pytest.raises(InvalidRequest, match="takes a list"):
        compare_batch(wrong)


def test_pauses_grow_and_stay_bounded_however_long_a_job_takes() -> None:
    pauses = [tasks._Progress(looks=looks).pause_s for looks in range(1, 2_000)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (tasks._FIRST_PAUSE_S, tasks._LONGEST_PAUSE_S)
    assert all(1 <= tasks._Progress(troubles=n).pause_s <= tasks._LONGEST_TROUBLE_S + 1 for n in range(1, 13))
