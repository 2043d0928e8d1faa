"""The steps of a batch, for whatever schedules them: find, submit, wait, load.

Each may run twice: a step that is repeated after a failure does not double anything. `BIFOCAL_URL` and
`BIFOCAL_API_KEY` name the deployment; the tables are SQLite's here, and could be any warehouse's.
"""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from bifocal import Client, Report
from bifocal.errors import InvalidRequest
from bifocal.inputs import read_inputs

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    job TEXT, document TEXT, outcome TEXT, error TEXT, words INTEGER, pairs INTEGER,
    both INTEGER, meaning_only INTEGER, context_only INTEGER, PRIMARY KEY (job, document)
);
CREATE TABLE IF NOT EXISTS relations (
    job TEXT, document TEXT, a TEXT, b TEXT, verdict TEXT, cosine REAL, lift REAL
);
"""


def find(folder: str) -> list[str]:
    """Texts in a folder, in order; a flow passes names on, never texts."""
    return sorted(str(path) for path in Path(folder).rglob("*.txt"))


def submit(paths: list[str]) -> str:
    """Hand the texts over as one job; returns its id.

    The key is made of what is submitted, so that a step that is repeated finds the job it made before.
    """
    documents = read_inputs(paths).documents
    if not documents:
        raise InvalidRequest("there is nothing to compare")
    key = hashlib.sha256()
    for document in documents:
        key.update(f"{document.model_dump_json()}\n".encode())
    with Client() as client:
        return client.submit(documents, idempotency_key=key.hexdigest()).id


def is_done(job: str) -> bool:
    """Whether every document of a job has ended; asks once, so that nothing is held while it waits."""
    with Client() as client:
        return client.job(job).ended_at is not None


def load(job: str, database: str) -> int:
    """Write what became of a job's documents to the tables; how many documents those are.

    In one transaction, over what an earlier try may have written.
    """
    with Client() as client, closing(sqlite3.connect(database)) as connection:
        connection.executescript(_TABLES)
        with connection:
            for table in ("relations", "documents"):
                connection.execute(f"DELETE FROM {table} WHERE job = ?", (job,))  # noqa: S608
            n = 0
            for n, result in enumerate(client.results(job), 1):  # noqa: B007
                if isinstance(result, Report):
                    _load_report(connection, job, result)
                else:
                    connection.execute(
                        "INSERT INTO documents (job, document, outcome, error) VALUES (?, ?, ?, ?)",
                        (job, result.id, result.outcome, result.error.message),
                    )
    return n


def _load_report(connection: sqlite3.Connection, job: str, report: Report) -> None:
    verdicts = report.verdicts
    connection.execute(
        "INSERT INTO documents VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?)",
        (
            *(job, report.id, report.outcome, report.n_words, report.n_candidate_pairs),
            *(verdicts.both, verdicts.meaning_only, verdicts.context_only),
        ),
    )
    connection.executemany(
        "INSERT INTO relations VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(job, report.id, one.a.text, one.b.text, one.verdict),
                *(one.static.cosine if one.static else None, one.contextual.lift),
            )
            for one in report.relations
        ],
    )
