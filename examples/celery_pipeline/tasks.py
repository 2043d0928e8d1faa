"""What the pipeline does before and after a comparison."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bifocal import Client, Report
from celery_pipeline.app import app

DATABASE = os.environ.get("PIPELINE_DATABASE", "pipeline.sqlite")

_TABLE = """
CREATE TABLE IF NOT EXISTS relations (
    document TEXT, a TEXT, b TEXT, a_start INTEGER, b_start INTEGER,
    verdict TEXT, kind TEXT, probability REAL, cosine REAL, lift REAL
)
"""


@app.task(name="pipeline.extract")
def extract(path: str) -> dict[str, str]:
    """A document of a file: the place to read PDF, HTML or a database."""
    return {"id": path, "text": Path(path).read_text("utf-8")}


@app.task(name="pipeline.index")
def index(report: dict[str, Any]) -> int:
    """Write the relations of a report; returns how many. Tasks may run twice, so it replaces."""
    return _write([Report.model_validate(report)])


@app.task(name="pipeline.index_job")
def index_job(reference: dict[str, Any]) -> int:
    """The same for a whole job, whose reports come from the gateway and not through the broker."""
    with Client() as client:
        return _write([result for result in client.results(reference["job"]) if isinstance(result, Report)])


def _write(reports: list[Report]) -> int:
    rows = [
        (
            report.id,
            relation.a.text,
            relation.b.text,
            relation.a.start,
            relation.b.start,
            relation.verdict.value,
            relation.kind.name if relation.kind else None,
            relation.kind.probability if relation.kind else None,
            relation.static.cosine if relation.static else None,
            relation.contextual.lift,
        )
        for report in reports
        for relation in report.relations
    ]
    with closing(sqlite3.connect(DATABASE, timeout=30)) as database, database:
        database.execute(_TABLE)
        database.executemany("DELETE FROM relations WHERE document = ?", [(report.id,) for report in reports])
        database.executemany(f"INSERT INTO relations VALUES ({', '.join('?' * 10)})", rows)  # noqa: S608
    return len(rows)
