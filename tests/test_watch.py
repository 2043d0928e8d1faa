"""A folder watched by processes that die: every file has its reports once."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from errno import EXDEV
from itertools import islice
from pathlib import Path

import pytest

from bifocal import Client, Document, EmbeddedStack, failpoints
from bifocal.contracts import RESULT, Failure, Job, Options, Report
from bifocal.errors import AlreadyWatched, InvalidOptions
from bifocal.failpoints import FailpointReached
from bifocal.files import Reader
from bifocal.watch import Done, Folders, Memory, Watcher
from bifocal.watch.folders import Looks, Stamp
from bifocal.watch.move import move_source
from bifocal.watch.source import Source, read_source
from chaos.until import until

COMMAND = [sys.executable, "-c", "from bifocal.cli import main; main()"]
ROOT = Path(__file__).parents[1]

#: Every step after which a watcher may die, in the order in which it comes to them.
POINTS = [
    *("watch.taken", "watch.submitted", "watch.recorded"),
    *("watch.written", "watch.noted", "watch.moved", "watch.listed"),
]

TEXTS = {
    "a.txt": "France is a country, it is in Europe.",
    "sub/b.md": "The old dog chased the cats.",
    "c.txt": "The king met the queen.",
}


@dataclass
class Watched:
    """A folder, and what watches it."""

    root: Path
    client: Client
    told: list[Done] = field(default_factory=list)
    look: Callable[[Job], None] = lambda _: None

    @property
    def folder(self) -> Path:
        return self.root / "in"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def folders(self) -> Folders:
        self.folder.mkdir(exist_ok=True)
        return Folders(
            watched=self.folder,
            output=str(self.out),
            done=self.folder / "done",
            failed=self.folder / "failed",
        )

    def write(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def run(self) -> None:
        """Watch until everything that is there is done."""
        folders = self.folders()
        with Memory(folders.memory) as memory, Reader() as reader:
            watcher = Watcher(
                folders=folders,
                memory=memory,
                options=Options(),
                terms=(),
                reader=reader,
                client=lambda: self.client,
                look=lambda job: self.look(job),
                done=self.told.append,
                unreadable=lambda path, error: pytest.fail(f"{path}: {error}"),
            )
            watcher.resume()
            looks = watcher.looks()
            looks.settled()
            watcher.compare(looks.settled())

    def jobs_done(self) -> list[str]:
        return [one.source.name for one in self.told]

    def results(self) -> dict[str, list[Report | Failure]]:
        """Results by the file that they lie in."""
        found = {}
        for path in self.out.rglob("*"):
            if path.is_file() and path != self.out / "failures.jsonl":
                lines = path.read_text("utf-8").split("\n")[:-1]
                found[path.relative_to(self.out).as_posix()] = [RESULT.validate_json(one) for one in lines]
        return found

    def assert_all_done(self, texts: dict[str, str]) -> None:
        """Each file has left the folder, and has exactly one report, of its text."""
        results = self.results()
        hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
        assert set(results) == {f"{name}.{hashed[:12]}.jsonl" for name, hashed in hashes.items()}
        for name, hashed in hashes.items():
            (report,) = results[f"{name}.{hashed[:12]}.jsonl"]
            assert isinstance(report, Report)
            assert report.id == f"{name}@{hashed[:12]}"
            assert report.provenance.text == f"sha256:{hashed}"
            assert (self.folder / "done" / name).read_text("utf-8") == texts[name]
            assert not (self.folder / name).exists()
        assert list(self.folders().files()) == []


@pytest.fixture
def watched(tmp_path: Path, client: Client) -> Watched:
    watched = Watched(tmp_path, client)
    watched.write(TEXTS)
    return watched


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Has a step raise what nothing catches, once."""
    monkeypatch.setenv("BIFOCAL_FAILPOINT_FOLDER", str(tmp_path))

    def at(points: str) -> None:
        monkeypatch.setenv("BIFOCAL_FAILPOINTS", points)
        failpoints._actions.cache_clear()

    yield at
    failpoints._actions.cache_clear()


def test_every_failpoint_of_the_watcher_is_tried_here() -> None:
    source = (ROOT / "shared/bifocal/watch/watcher.py").read_text("utf-8")
    assert sorted(re.findall(r"\bfailpoint\(\"([^\"]+)\"\)", source)) == sorted(POINTS)


@pytest.mark.stack
def test_files_are_compared_and_leave_the_folder(watched: Watched) -> None:
    watched.run()
    watched.assert_all_done(TEXTS)
    assert sorted(watched.jobs_done()) == sorted(TEXTS)
    assert not (watched.out / "failures.jsonl").exists()
    assert not (watched.folder / "failed").exists()


@pytest.mark.stack
@pytest.mark.parametrize("point", POINTS)
def test_whatever_step_a_watcher_dies_after_the_next_one_goes_on(
    point: str, watched: Watched, dying: Callable[[str], None]
) -> None:
    dying(f"{point}=raise")
    with pytest.raises(FailpointReached):
        watched.run()
    watched.run()
    watched.assert_all_done(TEXTS)


@pytest.mark.stack
def test_a_watcher_killed_at_every_step_one_after_the_other_loses_and_doubles_nothing(
    watched: Watched, stack: EmbeddedStack, tmp_path: Path
) -> None:
    remembers = tmp_path / "passed"
    remembers.mkdir()
    died_at = []
    for point in POINTS:
        ended = _command(watched, stack, f"{point}=kill", remembers).wait(60)
        assert ended == -signal.SIGKILL, point
        died_at.append(point)
    assert _command(watched, stack, "", remembers).wait(60) == 0
    watched.assert_all_done(TEXTS)
    assert died_at == POINTS


@pytest.mark.stack
def test_a_watcher_killed_while_files_come_has_reported_each_of_them_once_in_the_end(
    stack: EmbeddedStack, client: Client, lee: list[Document], tmp_path: Path
) -> None:
    watched = Watched(tmp_path, client)
    texts = {f"{document.id}.txt": document.text[:200] for document in lee[:16]}
    coming = iter(texts.items())
    for kill_after in (2, 10):
        watched.write(dict(islice(coming, 8)))
        running = _command(watched, stack, "", tmp_path, "--interval", "0.1")
        try:
            until("some are reported", lambda n=kill_after: len(watched.results()) >= n)
        finally:
            running.kill()
            running.wait()
    assert _command(watched, stack, "", tmp_path, "--once", "--interval", "0.1").wait(120) == 0
    watched.assert_all_done(texts)
    straight = client.compare([Document(id=name, text=text) for name, text in texts.items()])
    for report in straight:
        hashed = hashlib.sha256(texts[report.id].encode()).hexdigest()[:12]
        (written,) = watched.results()[f"{report.id}.{hashed}.jsonl"]
        assert written.model_copy(update={"id": report.id}) == report


def _command(
    watched: Watched, stack: EmbeddedStack, points: str, remembers: Path, *arguments: str
) -> subprocess.Popen[bytes]:
    watched.folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [
            *(*COMMAND, "watch", str(watched.folder), "-o", str(watched.out)),
            *(arguments or ("--once", "--interval", "0.05")),
        ],
        env={
            **os.environ,
            "BIFOCAL_URL": stack.url,
            "BIFOCAL_FAILPOINTS": points,
            "BIFOCAL_FAILPOINT_FOLDER": str(remembers),
        },
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


@pytest.mark.stack
def test_the_same_name_with_another_content_is_a_new_file(watched: Watched) -> None:
    watched.run()
    watched.write({"a.txt": "The cat sat on the mat."})
    watched.run()
    reports = [one for name, one in watched.results().items() if name.startswith("a.txt.")]
    assert len(reports) == 2
    assert (watched.folder / "done/a.txt").read_text() == TEXTS["a.txt"]
    (other,) = (watched.folder / "done").glob("a.*.txt")
    assert other.read_text() == "The cat sat on the mat."


@pytest.mark.stack
def test_a_file_that_comes_again_as_it_was_is_not_compared_again(watched: Watched) -> None:
    watched.run()
    before = {path: path.stat().st_mtime_ns for path in watched.out.rglob("*") if path.is_file()}
    watched.told.clear()
    watched.write(TEXTS)
    watched.run()
    watched.assert_all_done(TEXTS)
    assert watched.told == []
    assert {path: path.stat().st_mtime_ns for path in watched.out.rglob("*") if path.is_file()} == before


@pytest.mark.stack
def test_a_report_that_somebody_removed_is_made_again_when_its_file_comes_again(watched: Watched) -> None:
    watched.run()
    for path in watched.out.glob("a.txt.*"):
        path.unlink()
    watched.write(TEXTS)
    watched.run()
    watched.assert_all_done(TEXTS)


@pytest.mark.stack
def test_lines_keep_their_owners_ids_and_what_fails_is_listed_and_put_aside(watched: Watched) -> None:
    lines = '{"id": "x#1", "text": "The king met the queen."}\nno json\n{"text": "A dog."}\n{"text": ""}\n'
    watched.write({"lines.jsonl": lines})
    (watched.folder / "noise.txt").write_bytes(b"\x00\x01\x02")
    watched.run()
    assert {path.name for path in (watched.folder / "failed").iterdir()} == {"lines.jsonl", "noise.txt"}
    name = f"lines.jsonl.{hashlib.sha256(lines.encode()).hexdigest()[:12]}.jsonl"
    key = name.removesuffix(".jsonl").replace(".jsonl.", ".jsonl@")
    found = {one.id.removeprefix(key): one.outcome == "succeeded" for one in watched.results()[name]}
    assert found == {"#x#1": True, "#2": False, "#3": True, "#4": False}
    listed = [RESULT.validate_json(one) for one in (watched.out / "failures.jsonl").read_text().splitlines()]
    codes = sorted(one.error.code for one in listed if isinstance(one, Failure))
    assert codes == ["empty_document", "invalid_document", "unsupported_format"]
    assert all(isinstance(one, Failure) and one.source for one in listed)


@pytest.mark.stack
def test_a_file_put_back_after_it_failed_is_tried_again(watched: Watched) -> None:
    bad = watched.folder / "noise.txt"
    bad.write_bytes(b"\x00\x01\x02")
    watched.run()
    (watched.folder / "failed/noise.txt").replace(bad)
    watched.told.clear()
    watched.run()
    assert watched.jobs_done() == ["noise.txt"]
    assert (watched.out / "failures.jsonl").read_text().count("\n") == 1
    bad.write_text("Käse", "utf-8")
    watched.run()
    assert [path.name for path in (watched.folder / "failed").iterdir()] == ["noise.txt"]
    assert (watched.folder / "done/noise.txt").read_text("utf-8") == "Käse"


@pytest.mark.stack
def test_a_file_written_anew_while_its_job_runs_is_compared_in_both_forms(watched: Watched) -> None:
    def write_anew(_: Job) -> None:
        watched.write({"a.txt": "The cat sat on the mat."})
        watched.look = lambda _: None

    watched.look = write_anew
    watched.run()
    assert (watched.folder / "a.txt").exists()
    watched.run()
    texts = sorted(
        one.provenance.text
        for name, results in watched.results().items()
        if name.startswith("a.txt.")
        for one in results
        if isinstance(one, Report)
    )
    both = (TEXTS["a.txt"], "The cat sat on the mat.")
    assert texts == sorted(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for text in both)


@pytest.mark.stack
def test_a_job_that_the_deployment_has_lost_is_submitted_anew(
    watched: Watched, dying: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    dying("watch.recorded=raise")
    with pytest.raises(FailpointReached):
        watched.run()
    with Memory(watched.folders().memory) as memory:
        (batch,) = memory.batches()
        memory.submitted(batch, "no-such-job")
    watched.run()
    watched.assert_all_done(TEXTS)


@pytest.mark.stack
def test_a_batch_whose_file_changed_before_it_was_accepted_is_taken_anew(
    watched: Watched, dying: Callable[[str], None]
) -> None:
    dying("watch.taken=raise")
    with pytest.raises(FailpointReached):
        watched.run()
    watched.write({"a.txt": "The cat sat on the mat."})
    watched.run()
    watched.assert_all_done({**TEXTS, "a.txt": "The cat sat on the mat."})


@pytest.mark.stack
def test_a_watcher_ends_well_when_it_is_told_to_and_a_second_one_is_refused(
    watched: Watched, stack: EmbeddedStack, tmp_path: Path
) -> None:
    running = _command(watched, stack, "", tmp_path, "--interval", "0.1")
    try:
        until("all are reported", lambda: len(watched.results()) == len(TEXTS))
        second = _command(watched, stack, "", tmp_path)
        assert second.wait(60) == 2
        until("all have left", lambda: list(watched.folders().files()) == [])
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.wait()
    watched.assert_all_done(TEXTS)


@pytest.mark.stack
def test_a_run_over_an_empty_folder_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    # There is no deployment, and no stack could start without a program for Redis.
    done = subprocess.run(
        [
            *COMMAND,
            "watch",
            str(tmp_path / "in"),
            "-o",
            str(tmp_path / "out"),
            "--once",
            "--interval",
            "0.05",
        ],
        env={**os.environ, "TMPDIR": str(tmp_path / "nowhere")},
        capture_output=True,
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_two_watchers_on_one_folder_are_refused(tmp_path: Path) -> None:
    with Memory(tmp_path / "memory"), pytest.raises(AlreadyWatched):
        Memory(tmp_path / "memory")


def test_a_file_has_settled_when_it_is_the_same_at_two_looks(tmp_path: Path) -> None:
    (tmp_path / "in/.hidden").mkdir(parents=True)
    folders = Folders(
        watched=tmp_path / "in",
        output=str(tmp_path / "in/out"),
        done=tmp_path / "done",
        failed=tmp_path / "f",
    )
    for name in ("whole.txt", "growing.txt", ".temporary.txt", "photo.png", ".hidden/a.txt"):
        (tmp_path / "in" / name).write_text("a")
    (tmp_path / "in/out").mkdir()
    (tmp_path / "in/out/reports.jsonl").write_text("{}")
    os.mkfifo(tmp_path / "in/pipe.txt")
    looks = Looks(folders)
    assert looks.settled() == []
    (tmp_path / "in/growing.txt").write_text("ab")
    assert looks.settled() == [Path("whole.txt")]
    assert looks.settled() == [Path("growing.txt"), Path("whole.txt")]


@pytest.mark.parametrize("name", ["output", "done", "failed"])
def test_a_folder_that_is_watched_cannot_be_one_that_files_go_to(name: str, tmp_path: Path) -> None:
    places = {"output": str(tmp_path / "o"), "done": tmp_path / "d", "failed": tmp_path / "f"}
    with pytest.raises(InvalidOptions, match=f"--{name}"):
        Folders(watched=tmp_path, **{**places, name: tmp_path})  # type: ignore[arg-type]


def a_source(folder: Path, name: str, text: str) -> Source:
    (folder / name).write_text(text)
    with Reader() as reader:
        read = read_source(folder, Path(name), reader)
    assert read is not None
    return read[0]


def test_moving_to_another_disk_leaves_a_whole_file_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_source(tmp_path, "a.txt", "text")
    real, refused = Path.replace, []

    def replace(path: Path, target: Path) -> Path:
        if path == tmp_path / "a.txt":
            refused.append(path)
            raise OSError(EXDEV, "Invalid cross-device link")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    move_source(source, tmp_path, tmp_path / "done")
    assert refused
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["a.txt"]
    assert not (tmp_path / "a.txt").exists()


def test_a_copy_that_a_death_left_on_another_disk_does_not_become_two(tmp_path: Path) -> None:
    source = a_source(tmp_path, "a.txt", "text")
    (tmp_path / "done").mkdir()
    (tmp_path / "done/a.txt").write_text("text")
    move_source(source, tmp_path, tmp_path / "done")
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["a.txt"]
    assert not (tmp_path / "a.txt").exists()


def test_a_file_written_anew_stays_where_it_is(tmp_path: Path) -> None:
    source = a_source(tmp_path, "a.txt", "text")
    (tmp_path / "a.txt").write_text("another text")
    move_source(source, tmp_path, tmp_path / "done")
    assert (tmp_path / "a.txt").read_text() == "another text"
    assert Stamp.of(tmp_path / "a.txt") != source.stamp


def test_names_that_are_no_utf8_or_very_long_are_told_apart_by_their_hash(tmp_path: Path) -> None:
    odd = os.fsdecode(b"bad\xff.txt")
    source = a_source(tmp_path, odd, "text")
    with Memory(tmp_path / "memory") as memory:
        batch = memory.take([source], Options(), ["a term", "two\u2028lines"])
        (known,) = memory.files(batch)
        assert known.source == source
        assert memory.batches() == [batch]
    assert source.key.startswith("bad\ufffd.txt@")
    long = a_source(tmp_path, "x" * 250 + ".txt", "text")
    assert len(long.report_name) < 255
