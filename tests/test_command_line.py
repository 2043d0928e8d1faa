"""The commands, run as a user runs them."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest
import torch

from bifocal import Document, EmbeddedStack
from bifocal.contracts import RESULT, BatchReport, Failure, Report
from bifocal.settings import Precision
from bifocal_contextual.model.precision import choose_dtype

pytestmark = pytest.mark.stack

COMMAND = [sys.executable, "-c", "from bifocal.cli import main; main()"]


Done = subprocess.CompletedProcess[bytes]


def run(*arguments: str, stack: EmbeddedStack | None = None, stdin: bytes = b"", **env: str) -> Done:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **env}
    if stack is not None:
        environment["BIFOCAL_URL"] = stack.url
    command = [*COMMAND, *arguments]
    return subprocess.run(command, env=environment, input=stdin, capture_output=True, timeout=180)


def results(path: Path) -> list[Report | Failure]:
    return [RESULT.validate_json(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def france(tmp_path: Path) -> Path:
    path = tmp_path / "france.txt"
    path.write_text("France is a country, it is in Europe.")
    return path


def test_compare_needs_nothing_running_and_leaves_nothing_running(france: Path, tmp_path: Path) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    done = run("compare", str(france), "-o", str(tmp_path / "out"), TMPDIR=str(own))
    assert done.returncode == 0, done.stderr.decode()
    assert b"context only" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "reports.jsonl", "failures.jsonl", "index.html", "batch.json", "graphs",
        "relations.parquet", "documents.parquet", "pairs.parquet",
    }  # fmt: skip
    ours = [p for p in Path("/proc").glob("[0-9]*/environ") if str(own).encode() in _bytes(p)]
    assert ours == []
    assert list(own.iterdir()) == []


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_told_to_end_stops_all_that_it_started(
    how: signal.Signals, status: int, tmp_path: Path, lee: list[Document]
) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(f"{document.model_dump_json()}\n" for document in lee))
    running = subprocess.Popen(
        [*COMMAND, "compare", str(corpus), "-o", str(tmp_path / "out")],
        env={**os.environ, "TMPDIR": str(own)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert running.stderr is not None
        assert b"accepted" in running.stderr.readline()
        running.send_signal(how)
        errors = running.stderr.read()
        assert running.wait(30) == status
        assert b"Traceback" not in errors
    finally:
        running.kill()
        running.communicate()
    assert list(own.iterdir()) == []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""


def test_compare_talks_to_a_deployment_where_one_is_named(
    france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    done = run("compare", str(france), "-o", str(tmp_path / "out"), "--json", stack=stack)
    assert done.returncode == 0, done.stderr.decode()
    totals = json.loads(done.stdout)
    assert (totals["succeeded"], totals["failed"]) == (1, 0)
    assert sum(totals["verdicts"].values()) == totals["candidate_pairs"]
    batch = BatchReport.model_validate_json(Path(totals["files"]["batch"]).read_text("utf-8"))
    assert (batch.complete, batch.n_documents, batch.n_pairs) == (True, 1, 3)  # France, country, Europe
    assert {path.suffix for path in Path(totals["files"]["graphs"]).iterdir()} == {".graphml", ".json"}


def test_the_table_holds_every_listed_relation_with_the_reports_figures(
    france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    run("compare", str(france), "-o", str(tmp_path), "--list", "all", stack=stack)
    (report,) = results(tmp_path / "reports.jsonl")
    assert isinstance(report, Report)
    rows = pyarrow.parquet.read_table(tmp_path / "relations.parquet").to_pylist()
    assert len(rows) == len(report.relations) > 0
    for row, relation in zip(rows, report.relations, strict=True):
        assert (row["a_text"], row["b_start"]) == (relation.a.text, relation.b.start)
        assert row["verdict"] == relation.verdict
        assert row["static_cosine"] == (relation.static.cosine if relation.static else None)
        assert row["contextual_lift"] == relation.contextual.lift


def test_given_terms_are_the_ends_of_pairs_within_sentences_under_every_model(
    tmp_path: Path, stack: EmbeddedStack
) -> None:
    (tmp_path / "terms.txt").write_text("prime minister\n\nparliament\nbudget vote\n")
    (tmp_path / "news.txt").write_text("The Prime Minister spoke in parliament. The budget vote is lost.")
    models = [
        *("--static-model", "glove-6b-50d", "--static-model", "minilm-l6:embeddings"),
        *("--contextual-model", "minilm-l6", "--contextual-model", "minilm-l6:layer-2"),
    ]
    done = run(
        *("compare", str(tmp_path / "news.txt"), "-o", str(tmp_path / "out"), *models),
        *("--candidates", "terms", "--terms", str(tmp_path / "terms.txt"), "--scope", "sentence"),
        *("--list", "all", "--table-format", "csv"),
        stack=stack,
    )
    assert done.returncode == 0, done.stderr.decode()
    (report,) = results(tmp_path / "out/reports.jsonl")
    assert isinstance(report, Report)
    (relation,) = report.relations
    assert [(end.text, end.n_words) for end in (relation.a, relation.b)] == [
        ("Prime Minister", 2), ("parliament", 1),
    ]  # fmt: skip
    assert [one.model for one in report.static] == ["glove-6b-50d", "minilm-l6:embeddings"]
    assert [one.model for one in report.contextual] == ["minilm-l6", "minilm-l6:layer-2"]
    assert relation.further is not None
    assert len(relation.further.static) == len(relation.further.contextual) == 1
    assert report.provenance.terms is not None
    tables = sorted(path.name for path in (tmp_path / "out").glob("*.csv"))
    assert tables == ["documents.csv", "pairs.csv", "relations.csv"]
    with (tmp_path / "out/relations.csv").open(newline="") as rows:
        assert [row["a_text"] for row in csv.DictReader(rows)] == ["Prime Minister"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--candidates", "terms"), "--terms"),
        (("--candidates", "terms", "--terms", "no-such-file"), "no-such-file"),
        (("--contextual-model", "minilm-l6:layer-99"), "layer"),
    ],
)
def test_terms_and_layers_that_are_not_there_are_named(
    arguments: tuple[str, ...], part: str, france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    done = run("compare", str(france), "-o", str(tmp_path / "out"), *arguments, stack=stack)
    assert done.returncode in {2, 3}, done.stderr.decode()
    assert part in done.stderr.decode() + done.stdout.decode()
    assert "Traceback" not in done.stderr.decode()


def test_standard_input_is_read(tmp_path: Path, stack: EmbeddedStack) -> None:
    done = run("compare", "-", "-o", str(tmp_path), "--json", stack=stack, stdin=b"The king met the queen.")
    assert done.returncode == 0
    (report,) = results(tmp_path / "reports.jsonl")
    assert report.id == "stdin"


def test_bad_input_fails_by_name_and_the_rest_is_done(
    france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text(
        '{"id": "a", "text": "A good line."}\nno json\n{"id": "a", "text": "Again."}\n{"text": ""}\n'
    )
    (tmp_path / "nothing").mkdir()
    bad = [str(tmp_path / "gone.txt"), str(tmp_path / "nothing"), str(lines)]
    done = run("compare", *bad, str(france), "-o", str(tmp_path / "out"), stack=stack)
    assert done.returncode == 3
    assert {r.id for r in results(tmp_path / "out" / "reports.jsonl")} == {"a", str(france)}
    failures = {f.source: f for f in results(tmp_path / "out" / "failures.jsonl") if isinstance(f, Failure)}
    codes = {source: failure.error.code for source, failure in failures.items()}
    assert codes == {
        str(tmp_path / "gone.txt"): "unreadable_source",
        str(tmp_path / "nothing"): "unreadable_source",
        f"{lines}:2": "invalid_document",
        f"{lines}:3": "duplicate_id",
        f"{lines}:4": "empty_document",
    }
    assert b"5 failed" in done.stdout


def test_a_run_of_failures_only_still_writes_its_folder(tmp_path: Path) -> None:
    done = run("compare", str(tmp_path / "gone.txt"), "-o", str(tmp_path / "out"), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["failed"] == 1
    assert (tmp_path / "out" / "index.html").exists()


def test_a_run_that_fails_leaves_the_reports_of_the_run_before(
    france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    out = tmp_path / "out"
    run("compare", str(france), "-o", str(out), stack=stack)
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert run("compare", str(france), "-o", str(out), "--language", "qq", stack=stack).returncode == 2
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "arguments", [("no-such-file.txt",), ("FRANCE", "--contextual-model", "minilm-l6:layer-99")]
)
def test_a_run_without_a_single_report_leaves_those_of_the_run_before(
    arguments: tuple[str, ...], france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    out = tmp_path / "out"
    run("compare", str(france), "-o", str(out), stack=stack)
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    named = [str(france) if one == "FRANCE" else one for one in arguments]
    done = run("compare", *named, "-o", str(out), stack=stack)
    assert done.returncode == 2
    assert b"stay as they were" in done.stderr.replace(b"\n", b" ")
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_an_input_is_never_written_over(tmp_path: Path, stack: EmbeddedStack) -> None:
    own = tmp_path / "reports.jsonl"
    own.write_text('{"text": "The king met the queen."}')
    done = run("compare", str(own), "-o", str(tmp_path), stack=stack)
    assert (done.returncode, own.read_text()) == (2, '{"text": "The king met the queen."}')
    assert b"would be written over" in done.stderr


def test_ids_with_line_ends_of_other_kinds_come_back_whole_and_none_rules_the_terminal(
    tmp_path: Path, stack: EmbeddedStack
) -> None:
    odd = "a\u2028b\u0085c\x1b[2J"
    stdin = "".join(json.dumps({"id": odd + n, "text": t}) + "\n" for n, t in (("1", "king"), ("2", "")))
    done = run("compare", "-", "-o", str(tmp_path), stack=stack, stdin=stdin.encode())
    assert done.returncode == 3
    assert b"\x1b" not in done.stdout
    written = [(tmp_path / name).read_bytes() for name in ("reports.jsonl", "failures.jsonl")]
    kept = b"".join(written).split(b"\n")
    assert [RESULT.validate_json(line).id for line in kept if line] == [odd + "1", odd + "2"]


@pytest.mark.parametrize(("name", "value"), [("BIFOCAL_PORT", "abc"), ("BIFOCAL_STATIC_MODELS", "{")])
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str, france: Path, tmp_path: Path) -> None:
    done = run("compare", str(france), "-o", str(tmp_path / "out"), **{name: value})
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_an_output_folder_that_is_a_file_is_named(france: Path) -> None:
    done = run("compare", str(france), "-o", str(france))
    assert done.returncode == 1
    assert str(france).encode() in done.stderr.replace(b"\n", b"")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--static-threshold", "2"), "--static-threshold"),
        (("--static-model", "word3vec"), "word3vec"),
        (("--language", "qq"), "qq"),
        (("--list", "some"), "--list"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_names_the_option(
    arguments: tuple[str, ...], part: str, france: Path, tmp_path: Path, stack: EmbeddedStack
) -> None:
    done = run("compare", str(france), "-o", str(tmp_path / "out"), *arguments, stack=stack)
    assert done.returncode == 2, done.stderr.decode()
    assert part in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_deployment_that_does_not_answer_is_named(france: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "BIFOCAL_URL": "http://127.0.0.1:9",
        "BIFOCAL_CLIENT_RETRY_FOR_S": "0",
    }
    done = subprocess.run(
        [*COMMAND, "compare", str(france), "-o", str(tmp_path)], env=environment, capture_output=True
    )
    assert done.returncode == 1
    assert b"no gateway answers at http://127.0.0.1:9" in done.stderr


def test_doctor_tells_what_is_there(stack: EmbeddedStack) -> None:
    done = run("doctor", "--json")
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["models"]["contextual"].keys() == {"minilm-l6"}
    chosen = choose_dtype(Precision.AUTO, torch.device("cpu"))
    assert found["compute"]["dtype"] == str(chosen).removeprefix("torch.")
    assert found["missing"] == []
    assert b"glove-6b-50d" in run("doctor").stdout


def test_serve_keeps_a_stack_up_until_it_is_told_to_stop(tmp_path: Path) -> None:
    serving = subprocess.Popen(
        [*COMMAND, "serve", "--data", str(tmp_path), "--port", "18427"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    try:
        assert serving.stderr is not None
        for line in serving.stderr:
            if "bifocal serves at" in line:
                break
        url = re.search(r"http://\S+?(?=;)", line)
        assert url is not None
        assert httpx.get(f"{url.group()}/readyz").status_code == 200
        serving.send_signal(signal.SIGTERM)
        assert "stopped" in serving.stderr.read()
        assert serving.wait(30) == 0
    finally:
        serving.kill()
        serving.communicate()
