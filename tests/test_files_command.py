"""`bifocal compare` with files of any format."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bifocal import EmbeddedStack, Failure, Report
from bifocal.contracts import RESULT
from hostile_files import packed
from real_files import small_pdf

pytestmark = pytest.mark.stack

FRANCE = "France is a country, it is in Europe."


def test_a_thesis_a_table_and_an_archive_are_compared_and_what_cannot_be_read_is_a_failure(
    tmp_path: Path, stack: EmbeddedStack
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "thesis.pdf").write_bytes(small_pdf(FRANCE))
    (texts / "scan.pdf").write_bytes(small_pdf(""))
    (texts / "rows.csv").write_bytes("nr;wort\nx;Der König grüßte die Königin.\n".encode("cp1252"))
    (texts / "all.zip").write_bytes(packed({"a.md": b"A *cat* sat.", "b.docx": b"no document"}))
    (texts / "photo.png").write_bytes(b"\x89PNG")
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-c",
        "from bifocal.cli import main; main()",
        "compare",
        str(texts),
        "-o",
        str(out),
    ]
    columns = ["--text-column", "wort", "--id-column", "nr", "--encoding", "cp1252", "--json"]
    environment = {**os.environ, "BIFOCAL_URL": stack.url}
    done = subprocess.run([*command, *columns], env=environment, capture_output=True, timeout=180)
    assert done.returncode == 3, done.stderr.decode()
    assert (json.loads(done.stdout)["succeeded"], json.loads(done.stdout)["failed"]) == (3, 2)
    lines = (out / "reports.jsonl").read_text("utf-8").splitlines() + (
        out / "failures.jsonl"
    ).read_text().splitlines()
    results = [RESULT.validate_json(line) for line in lines]
    reports = {result.id for result in results if isinstance(result, Report)}
    assert reports == {f"{texts}/thesis.pdf", "x", f"{texts}/all.zip/a.md"}
    failures = {result.source: result.error.code for result in results if isinstance(result, Failure)}
    assert failures == {
        f"{texts}/scan.pdf": "empty_document",
        f"{texts}/all.zip/b.docx": "unsupported_format",
    }
    assert "König" in (out / "index.html").read_text("utf-8")
