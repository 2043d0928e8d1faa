"""bifocal's tasks in somebody else's Celery app: its own queue and keys, real workers of each pool."""

import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import redis
from celery import Celery, chain, group, signature

from bifocal import Client, Document, EmbeddedStack, Report
from bifocal.celery import compare, compare_batch
from bifocal.errors import EmptyDocument, InvalidOptions

pytestmark = pytest.mark.stack

EXAMPLES = Path(__file__).parents[1] / "examples"
DATABASE = "pipeline.sqlite"
FRANCE = "France is a country, it is in Europe."
DOG = "The old dog chased the cats."
#: A result that takes longer is lost.
LONG_S = 120

Rows = set[tuple[str, str, str, str]]


@pytest.fixture(scope="module")
def pipeline(stack: EmbeddedStack) -> Iterator[ModuleType]:
    """The example app, on the stack's Redis."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PIPELINE_REDIS_URL", stack.redis_url)
        environment.syspath_prepend(str(EXAMPLES))
        yield importlib.import_module("celery_pipeline.run")
        app = importlib.import_module("celery_pipeline.app").app
        app.backend.client.close()
        app.close()


@contextmanager
def running_worker(pool: str, folder: Path, stack: EmbeddedStack) -> Iterator[None]:
    """A worker of the example app with a single slot, whose database and log lie in a folder."""
    own = {
        "PYTHONPATH": os.pathsep.join([str(EXAMPLES), *sys.path]),
        "PIPELINE_REDIS_URL": stack.redis_url,
        "BIFOCAL_URL": stack.url,
    }
    command = f"celery -A celery_pipeline.app --quiet worker --pool {pool} --concurrency 1 --loglevel INFO"
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command.split()],
            env={**os.environ, **own},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            ended = process.wait(60)
    assert ended == 0


@pytest.fixture(scope="module")
def worker(
    stack: EmbeddedStack, pipeline: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a worker that runs one task at a time."""
    folder = tmp_path_factory.mktemp("worker")
    with running_worker("solo", folder, stack):
        yield folder


def files(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return [str(folder / f"{name}.txt") for name in texts]


def indexed(folder: Path, paths: list[str]) -> Rows:
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        return {
            row
            for row in database.execute("SELECT document, a, b, verdict FROM relations")
            if row[0] in paths
        }


def expected(client: Client, paths: list[str]) -> Rows:
    """What the client says of the files."""
    documents = [Document(id=path, text=Path(path).read_text("utf-8")) for path in paths]
    return {
        (report.id, relation.a.text, relation.b.text, relation.verdict.value)
        for report in client.compare(documents)
        if isinstance(report, Report)
        for relation in report.relations
    }


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_files_are_extracted_compared_and_indexed_by_a_group_of_chains(
    pool: str, stack: EmbeddedStack, client: Client, pipeline: ModuleType, tmp_path: Path
) -> None:
    paths = files(tmp_path, france=FRANCE, dog=DOG)
    with running_worker(pool, tmp_path, stack):
        counts = pipeline.one_by_one(paths).apply_async().get(LONG_S)
    found = indexed(tmp_path, paths)
    assert len(counts) == 2
    assert len(found) == sum(counts) > 0
    assert found == expected(client, paths)


def test_files_extracted_apart_are_compared_as_one_job_whose_reports_do_not_pass_the_broker(
    worker: Path, client: Client, pipeline: ModuleType, tmp_path: Path
) -> None:
    paths = files(tmp_path, france=FRANCE, nothing="", dog=DOG)
    count = pipeline.together(paths).apply_async().get(LONG_S)
    found = indexed(worker, paths)
    assert len(found) == count > 0
    assert found == expected(client, paths)


def test_a_reference_is_no_more_than_the_job_and_its_counts(worker: Path, client: Client) -> None:
    found = compare_batch.delay([DOG, ""], reference=True).get(LONG_S)
    job = client.job(found["job"])
    assert found == {"job": job.id, "counts": job.counts.model_dump()}
    assert (job.counts.total, job.counts.succeeded) == (2, 1)


def test_reports_and_failures_of_a_batch_come_in_the_order_of_the_documents(
    worker: Path, client: Client
) -> None:
    found = compare_batch.delay([DOG, "", {"id": "france", "text": FRANCE, "page": 7}]).get(LONG_S)
    assert [one["id"] for one in found] == ["0", "1", "france"]
    assert [one["outcome"] == "succeeded" for one in found] == [True, False, True]
    assert found[1]["error"]["code"] == "empty_document"
    (report,) = client.compare([Document(id="france", text=FRANCE)])
    assert found[2] == json.loads(report.model_dump_json())


def test_what_goes_wrong_is_an_error_of_the_tree_where_the_result_is_read(worker: Path) -> None:
    empty, wrong = compare.delay(" "), compare.delay(DOG, {"windows": 3})
    with pytest.raises(EmptyDocument, match="white space only"):
        empty.get(LONG_S)
    with pytest.raises(InvalidOptions, match="windows"):
        wrong.get(LONG_S)


def test_a_group_of_comparisons_is_followed_by_a_task_that_gets_them_all(
    worker: Path, pipeline: ModuleType
) -> None:
    together = group(compare.s({"id": name, "text": DOG}) for name in "abc") | signature("celery.accumulate")
    (reports,) = together.apply_async().get(LONG_S)
    assert [report["id"] for report in reports] == ["a", "b", "c"]


def test_an_app_without_bifocal_names_the_task_and_its_queue(worker: Path, stack: EmbeddedStack) -> None:
    prefix = {"global_keyprefix": "pipeline:"}
    with Celery(
        "producer", broker=stack.redis_url, backend=stack.redis_url, set_as_current=False
    ) as producer:
        producer.conf.update(broker_transport_options=prefix, result_backend_transport_options=prefix)
        asked = producer.signature("bifocal.compare", args=[DOG], kwargs={"options": {}}, queue="pipeline")
        assert asked.apply_async().get(LONG_S)["outcome"] == "succeeded"
        producer.backend.client.close()


def test_a_job_that_takes_long_holds_no_slot_of_the_worker(
    worker: Path, pipeline: ModuleType, stack: EmbeddedStack, tmp_path: Path
) -> None:
    (path,) = files(tmp_path, dog=DOG)
    extract = importlib.import_module("celery_pipeline.tasks").extract
    os.kill(stack.pid("contextual"), signal.SIGSTOP)
    try:
        long = chain(extract.s(path), compare.s()).apply_async()
        for _ in range(3):
            assert extract.delay(path).get(LONG_S)["text"] == DOG
        assert not long.ready()
    finally:
        os.kill(stack.pid("contextual"), signal.SIGCONT)
    assert long.get(LONG_S)["id"] == path


def test_the_app_keeps_to_its_own_keys(worker: Path, stack: EmbeddedStack) -> None:
    compare.delay(DOG, reference=True).get(LONG_S)
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as connection:
        keys = list(connection.scan_iter(count=1_000))
    assert [key for key in keys if key.startswith("pipeline:")]
    assert not [key for key in keys if not key.startswith(("pipeline:", "bifocal:"))]
