"""Documents, the store and reports in an object store that speaks S3."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from bifocal import Client, EmbeddedStack
from bifocal.contracts import RESULT, Options, Report
from bifocal.errors import InvalidOptions
from bifocal.files import Reader
from bifocal.inputs import read_inputs
from bifocal.output.folder import check_inputs
from bifocal.output.place import Place
from bifocal.store import JobFiles, Store
from bifocal.urls import open_filesystem
from bifocal.watch import Folders, Memory, Watcher
from s3_server import s3_server

COMMAND = [sys.executable, "-c", "from bifocal.cli import main; main()"]

TEXTS = {
    "letters/a.txt": "France is a country, it is in Europe.",
    "letters/b.txt": "The old dog chased the cats.",
    "letters/more/c.md": "The king met the queen.",
    "letters/lines.jsonl": '{"id": "one", "text": "Paris is the capital of France."}\nno json\n',
    "letters/photo.png": "\x00\x01",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as found, pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        yield found


@pytest.fixture
def bucket(environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket with documents, emptied afterwards."""
    filesystem: Any = open_filesystem("s3://")[0]
    filesystem.mkdir("bucket")
    for name, text in TEXTS.items():
        filesystem.pipe_file(f"bucket/{name}", text.encode())
    yield "s3://bucket"
    filesystem.rm("bucket", recursive=True)


def ids(found: list[str], bucket: str) -> list[str]:
    return [one.removeprefix(f"{bucket}/letters/") for one in found]


def test_a_folder_a_pattern_and_a_file_are_read(bucket: str) -> None:
    folder = read_inputs([f"{bucket}/letters/"])
    assert ids([one.id for one in folder.documents], bucket) == ["a.txt", "b.txt", "one", "more/c.md"]
    assert ids([one.id for one in folder.failures], bucket) == ["lines.jsonl#2"]
    pattern = read_inputs([f"{bucket}/letters/*.txt"])
    assert ids([one.id for one in pattern.documents], bucket) == ["a.txt", "b.txt"]
    (one,) = read_inputs([f"{bucket}/letters/b.txt"]).documents
    assert (one.id, one.text) == (f"{bucket}/letters/b.txt", TEXTS["letters/b.txt"])


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("letters/gone.txt", "No such file"),
        ("letters/*.nothing", "there is no file that is read"),
        ("letters/photo.png", "it holds no text"),
        ("../no-such-bucket/", "No such file"),
    ],
)
def test_what_is_not_there_is_named(name: str, part: str, bucket: str) -> None:
    url = "s3://no-such-bucket/" if name.startswith("..") else f"{bucket}/{name}"
    (failure,) = read_inputs([url]).failures
    assert failure.error.code in {"unreadable_source", "unsupported_format"}
    assert part in failure.error.message


def test_the_folder_that_reports_go_to_is_not_read(bucket: str) -> None:
    found = read_inputs([f"{bucket}/letters"], leave_out=f"{bucket}/letters/more")
    assert ids([one.id for one in found.documents], bucket) == ["a.txt", "b.txt", "one"]


def test_a_place_holds_whole_files_and_says_how_long_they_are(bucket: str, tmp_path: Path) -> None:
    place = Place(f"{bucket}/reports/")
    (tmp_path / "made").write_bytes(b"whole")
    place.copy(tmp_path / "made", "folder/file")
    assert place.size_bytes("folder/file") == 5
    place.put(tmp_path / "made", "folder/file")
    place.remove("folder/file")
    place.remove("folder/file")
    assert place.size_bytes("folder/file") == 0
    assert place.name("folder/file") == f"{bucket}/reports/folder/file"


def test_a_store_lists_what_another_process_has_just_put_there(bucket: str) -> None:
    store = Store(f"{bucket}/store")
    files = JobFiles(store, "job")
    assert files.result_names() == []
    assert store.folders("jobs") == []
    others: Any = boto3.client("s3")
    others.put_object(
        Bucket="bucket", Key="store/jobs/job/results/000000.1.jsonl.gz", Body=gzip.compress(b"lines")
    )
    assert files.result_names() == ["000000.1.jsonl.gz"]
    assert store.folders("jobs") == ["job"]
    assert files.results(0, 1) == b"lines"
    assert 0 <= store.age_s("jobs/job") < 60


def test_what_a_store_forgets_is_gone_and_forgetting_it_again_is_no_error(bucket: str) -> None:
    store = Store(f"{bucket}/store")
    files = JobFiles(store, "job")
    files.put_results(0, 1, b"lines")
    files.put_manifest({"n_shards": 1})
    files.forget_all()
    files.forget_all()
    assert store.folders("jobs") == []
    with pytest.raises(FileNotFoundError):
        files.results(0, 1)
    store.check()


def test_a_store_that_does_not_answer_is_a_fault_of_the_disk_kind(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store("s3://bucket/store")

    async def fail(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(type(store._fs), "_call_s3", fail)
    with pytest.raises(OSError, match="EndpointConnectionError"):
        store.put("a", b"")


def test_reports_are_not_written_over_what_is_read(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOptions, match="written over"):
        check_inputs(f"{bucket}/letters", [f"{bucket}/letters/reports.jsonl"])
    check_inputs(f"{bucket}/reports", [f"{bucket}/letters/reports.jsonl"])


@pytest.mark.stack
def test_documents_store_and_reports_in_s3_give_what_a_local_run_gives(
    bucket: str, environment: dict[str, str], client: Client, tmp_path: Path
) -> None:
    own = {**environment, "BIFOCAL_STORE_URL": f"{bucket}/store", "BIFOCAL_PRECISION": "float32"}
    with EmbeddedStack(env=own) as stack:
        done = subprocess.run(
            [*COMMAND, "compare", f"{bucket}/letters/", "-o", f"{bucket}/reports/", "--json"],
            env={**os.environ, **environment, "BIFOCAL_URL": stack.url},
            capture_output=True,
        )
        assert done.returncode == 3, done.stderr.decode()
        assert not (stack.folder / "store").exists()
    filesystem: Any = open_filesystem("s3://")[0]
    totals = json.loads(done.stdout)
    assert (totals["succeeded"], totals["failed"]) == (4, 1)
    assert totals["files"]["page"] == f"{bucket}/reports/index.html"
    written = {path.removeprefix("bucket/reports/") for path in filesystem.find("bucket/reports")}
    assert {"reports.jsonl", "failures.jsonl", "index.html", "batch.json", "relations.parquet"} <= written
    lines = filesystem.cat_file("bucket/reports/reports.jsonl").splitlines()
    reports = [RESULT.validate_json(line) for line in lines]
    local = list(client.compare(read_inputs([f"{bucket}/letters/"]).documents))
    assert all(isinstance(one, Report) for one in local)
    assert reports == local
    results = [path for path in filesystem.find("bucket/store") if "/results/" in path]
    assert results, "the stack's own results lie in S3 too"


@pytest.mark.stack
def test_a_watched_folder_is_reported_to_s3(bucket: str, client: Client, tmp_path: Path) -> None:
    folders = Folders(
        watched=tmp_path,
        output=f"{bucket}/watched",
        done=tmp_path / "done",
        failed=tmp_path / "failed",
    )
    (tmp_path / "a.txt").write_text(TEXTS["letters/a.txt"])
    (tmp_path / "empty.txt").write_text("")
    with Memory(folders.memory) as memory, Reader() as reader:
        watcher = Watcher(
            folders=folders,
            memory=memory,
            options=Options(),
            terms=(),
            reader=reader,
            client=lambda: client,
            look=lambda _: None,
            done=lambda _: None,
            unreadable=lambda path, error: pytest.fail(f"{path}: {error}"),
        )
        watcher.compare([path for path, _ in folders.files()])
    filesystem: Any = open_filesystem("s3://")[0]
    written = {Path(path).name.split(".")[0]: path for path in filesystem.find("bucket/watched")}
    assert written.keys() == {"a", "empty", "failures"}
    assert isinstance(RESULT.validate_json(filesystem.cat_file(written["a"])), Report)
    assert filesystem.cat_file(written["empty"]) == filesystem.cat_file(written["failures"])
    assert {path.name for path in tmp_path.iterdir()} == {"done", "failed", folders.memory.name}
