"""The commands for a deployment's jobs, and how every command speaks to people, scripts and shells."""

import json
import os
import pty
import re
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bifocal import Client, Document, EmbeddedStack
from bifocal.cli.status import Exit
from bifocal.contracts import RESULT, Failure, Job, Report

COMMAND = [sys.executable, "-c", "from bifocal.cli import main; main()"]
DOCUMENTS = [
    Document(id="a", text="France is a country, it is in Europe."),
    Document(id="b", text=""),
    Document(id="c", text="The old dog chased the cats."),
]

Done = subprocess.CompletedProcess[bytes]


def run(*arguments: str, stack: EmbeddedStack | None = None, **env: str) -> Done:
    environment = {**os.environ, "COLUMNS": "120", **env}
    if stack is not None:
        environment["BIFOCAL_URL"] = stack.url
    return subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, timeout=180)


@pytest.fixture(scope="module")
def job(client: Client) -> Job:
    """A job that has ended, with a document that failed."""
    return client.wait(client.submit(DOCUMENTS).id)


@pytest.mark.stack
def test_results_are_printed_a_line_each(job: Job, client: Client, stack: EmbeddedStack) -> None:
    done = run("results", job.id, stack=stack)
    assert done.returncode == Exit.SOME_FAILED
    printed = [RESULT.validate_json(line) for line in done.stdout.splitlines()]
    assert printed == list(client.results(job.id))


@pytest.mark.stack
def test_results_are_written_as_compare_writes_them(stack: EmbeddedStack, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text("".join(f"{document.model_dump_json()}\n" for document in DOCUMENTS))
    compared = run("compare", str(lines), "-o", str(tmp_path / "compared"), stack=stack)
    assert compared.returncode == Exit.SOME_FAILED
    accepted = re.search(rb"job (\w+) accepted", compared.stderr)
    assert accepted is not None
    name = accepted[1].decode()
    for paths in ([], [str(lines)]):
        fetched = tmp_path / f"fetched-{len(paths)}"
        done = run("results", name, *paths, "-o", str(fetched), "--json", stack=stack)
        assert done.returncode == Exit.SOME_FAILED, done.stderr.decode()
        assert json.loads(done.stdout)["failed"] == 1
        assert (
            (fetched / "index.html").exists() == ("page" in json.loads(done.stdout)["files"]) == bool(paths)
        )
        for same in ("reports.jsonl", "batch.json", "relations.parquet"):
            assert (fetched / same).read_bytes() == (tmp_path / "compared" / same).read_bytes()
    assert (tmp_path / "fetched-1/index.html").read_bytes() == (tmp_path / "compared/index.html").read_bytes()


@pytest.mark.stack
def test_reports_are_not_shown_beside_another_text(job: Job, stack: EmbeddedStack, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"id": "a", "text": "Something else."}\n{"id": "c", "text": "And here."}\n')
    done = run("results", job.id, str(lines), "-o", str(tmp_path / "out"), stack=stack)
    assert done.returncode == Exit.USAGE
    assert b"'a' is not among the paths as it was" in done.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.stack
@pytest.mark.parametrize("command", ["results", "status", "cancel"])
def test_a_job_that_is_not_known_is_wrong_usage(command: str, stack: EmbeddedStack) -> None:
    done = run(command, "no-such-job", stack=stack)
    assert done.returncode in {Exit.USAGE, Exit.BROKEN if command == "cancel" else Exit.USAGE}
    assert b"Traceback" not in done.stderr


@pytest.mark.stack
def test_status_tells_how_far_a_job_is_and_whether_the_deployment_is_ready(
    job: Job, stack: EmbeddedStack
) -> None:
    done = run("status", job.id, "--json", stack=stack)
    assert Job.model_validate_json(done.stdout) == job
    assert job.id.encode() in run("status", job.id, stack=stack).stdout
    ready = run("status", "--json", stack=stack)
    assert (ready.returncode, json.loads(ready.stdout)["ready"]) == (Exit.OK, True)
    assert b"is ready" in run("status", stack=stack).stdout


@pytest.mark.stack
def test_jobs_are_listed(job: Job, stack: EmbeddedStack) -> None:
    done = run("jobs", "--state", "ended", "--json", stack=stack)
    assert done.returncode == Exit.OK, done.stderr.decode()
    assert job.id in [one["id"] for one in json.loads(done.stdout)["jobs"]]
    assert job.id.encode() in run("jobs", stack=stack).stdout


@pytest.mark.stack
def test_a_job_can_be_canceled(client: Client, stack: EmbeddedStack, lee: list[Document]) -> None:
    running = client.submit(lee[:100])
    done = run("cancel", running.id, "--json", stack=stack)
    assert done.returncode == Exit.OK, done.stderr.decode()
    ended = client.wait(running.id)
    assert ended.counts.done == ended.counts.total
    assert ended.counts.succeeded < ended.counts.total


@pytest.mark.stack
def test_ctrl_c_tells_how_to_go_on_and_pressed_again_ends(
    stack: EmbeddedStack, client: Client, lee: list[Document], tmp_path: Path
) -> None:
    corpus = tmp_path / "a corpus.jsonl"
    corpus.write_text("".join(f"{document.model_dump_json()}\n" for document in lee[:30]))
    running = subprocess.Popen(
        [*COMMAND, "compare", str(corpus), "-o", str(tmp_path / "out")],
        env={**os.environ, "BIFOCAL_URL": stack.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert running.stderr is not None
        accepted = running.stderr.readline()
        assert b"accepted" in accepted
        name = accepted.split()[1].decode()
        running.send_signal(signal.SIGINT)
        told = b""
        while b"Ctrl-C again" not in told:
            more = running.stderr.read1()
            assert more, told.decode()
            told += more
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
        assert running.wait(30) == Exit.INTERRUPTED
        assert b"Traceback" not in told + rest
    finally:
        running.kill()
        running.communicate()
    found = re.search(r"to fetch its reports: bifocal (.+)", told.decode())
    assert found is not None
    command = shlex.split(found[1])
    assert command == ["results", name, "-o", str(tmp_path / "out"), str(corpus)]
    done = run(*command, "--quiet", stack=stack)
    assert (done.returncode, done.stdout, done.stderr) == (Exit.OK, b"", b"")
    reports = (tmp_path / "out/reports.jsonl").read_text().split("\n")[:-1]
    assert [RESULT.validate_json(line).id for line in reports] == [document.id for document in lee[:30]]
    assert (tmp_path / "out/index.html").exists()


@pytest.mark.stack
def test_a_quiet_command_prints_nothing_and_json_is_all_of_standard_output(
    stack: EmbeddedStack, tmp_path: Path
) -> None:
    text = tmp_path / "france.txt"
    text.write_text(DOCUMENTS[0].text)
    quiet = run("compare", str(text), "-o", str(tmp_path / "out"), "--quiet", stack=stack)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (Exit.OK, b"", b"")
    as_json = run("compare", str(text), "-o", str(tmp_path / "out"), "--json", stack=stack)
    assert json.loads(as_json.stdout)["succeeded"] == 1
    assert as_json.stderr == b""
    usual = run("compare", str(text), "-o", str(tmp_path / "out"), stack=stack)
    assert b"\x1b" not in usual.stdout + usual.stderr


@pytest.mark.stack
def test_watch_tells_a_script_of_each_file(stack: EmbeddedStack, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_text(DOCUMENTS[0].text)
    (tmp_path / "in/b.txt").write_text("")
    watching = ("watch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--once", "--interval", "0.05")
    done = run(*watching, "--json", stack=stack)
    assert done.returncode == Exit.SOME_FAILED
    told = {one["file"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert told.keys() == {"a.txt", "b.txt"}
    assert isinstance(RESULT.validate_json(Path(told["a.txt"]["report"]).read_bytes()), Report)
    assert isinstance(RESULT.validate_json(Path(told["b.txt"]["report"]).read_bytes()), Failure)
    assert [one["error"]["code"] for one in told["b.txt"]["failures"]] == ["empty_document"]


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_colours_are_for_terminals_that_want_them(no_color: str, colored: bool) -> None:
    ours, theirs = pty.openpty()
    try:
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment |= {"TERM": "xterm", "BIFOCAL_URL": "http://127.0.0.1:9"}
        environment |= {"NO_COLOR": no_color} if no_color else {}
        subprocess.run([*COMMAND, "status"], stderr=theirs, env=environment, timeout=60)
        said = os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"no gateway answers" in said
    assert (b"\x1b[31m" in said) == colored


def test_help_tells_the_statuses_and_the_variables() -> None:
    said = run("--help").stdout.decode()
    for status in Exit:
        assert str(int(status)) in said
    assert "BIFOCAL_URL" in said


def completed(words: str, **env: str) -> list[str]:
    """What bash would be given for a line that ends with the last of these words."""
    program = Path(env.pop("program"))
    environment = {
        **os.environ,
        **env,
        "_BIFOCAL_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run([str(program)], env=environment, capture_output=True, timeout=60)
    return done.stdout.decode().split()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command under its own name, as it is installed."""
    path = tmp_path_factory.mktemp("bin") / "bifocal"
    path.write_text(f"#!{sys.executable}\nfrom bifocal.cli import main\nmain()\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("bifocal wa", ["watch"]),
        ("bifocal compare --static-model ", ["glove-6b-50d", "mine", "minilm-l6:embeddings"]),
        ("bifocal watch --contextual-model minilm-l6:", ["minilm-l6:layer-"]),
        ("bifocal compare --table-format ", ["parquet", "csv"]),
        ("bifocal compare --candidates no", ["noun_phrases"]),
        ("bifocal results ", []),
    ],
)
def test_a_shell_completes_commands_models_and_formats(words: str, names: list[str], program: Path) -> None:
    env = {"BIFOCAL_STATIC_MODELS": '{"mine": "glove:vectors.txt"}', "BIFOCAL_URL": "http://127.0.0.1:9"}
    assert completed(words, program=str(program), **env) == names


def test_completion_is_installed_for_the_shell_of_its_user(program: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    installing = [str(program), "--install-completion", "bash"]
    done = subprocess.run(installing, env=environment, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    (script,) = tmp_path.rglob("bifocal.sh")
    assert "_BIFOCAL_COMPLETE=complete_bash" in script.read_text()
    assert str(script) in (tmp_path / ".bashrc").read_text()
