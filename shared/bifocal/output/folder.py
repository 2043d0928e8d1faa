"""The folder that `bifocal compare` writes."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bifocal.contracts import BatchReport, Failure, Options, Report
from bifocal.errors import InvalidOptions
from bifocal.output.documents import document_columns, document_row
from bifocal.output.graph import graph_files, write_graphs
from bifocal.output.page import Page
from bifocal.output.relations import relation_columns, relation_rows
from bifocal.output.tables import TableFormat, Tables
from bifocal.output.term_pairs import term_pair_columns, term_pair_rows
from bifocal.output.totals import Totals

REPORTS, FAILURES, PAGE, BATCH = "reports.jsonl", "failures.jsonl", "index.html", "batch.json"

#: Tables, each in the formats that were asked for.
RELATIONS, DOCUMENTS, TERM_PAIRS = "relations", "documents", "pairs"
TABLES = (RELATIONS, DOCUMENTS, TERM_PAIRS)

#: Every file that the folder may hold.
FILES = (
    *(REPORTS, FAILURES, PAGE, BATCH),
    *(f"{table}.{one}" for table in TABLES for one in TableFormat),
    *graph_files(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a run was asked for.

    `texts` holds the documents' texts by id, `places` the file and line of each by its index.
    """

    options: Options
    texts: Mapping[str, str]
    places: Sequence[str]
    formats: Sequence[TableFormat] = (TableFormat.PARQUET,)


def write_folder(folder: Path, results: Iterable[Report | Failure | BatchReport], job: Job) -> Totals:
    """Write reports, failures, tables and the page as the results come, and the batch report if one does.

    The files appear together, over those of a run before, once everything is written; a run that fails
    leaves what was there, and so does one without a single report.

    Raises:
        InvalidOptions: nothing could be read, and there are reports of a run before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        totals = _write(Path(unfinished), results, job)
        if not totals.succeeded and (folder / REPORTS).exists() and (folder / REPORTS).stat().st_size:
            reason = totals.first_failures[0].error.message if totals.first_failures else "there was nothing"
            raise InvalidOptions(
                f"no document could be read, so the reports in {folder} stay as they were; {reason}"
            )
        for name in FILES:
            made = Path(unfinished, name)
            if made.exists():
                (folder / name).parent.mkdir(exist_ok=True)
                made.replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
    return totals


def check_inputs(folder: Path, paths: Iterable[str]) -> None:
    """Refuse to write over what is to be read.

    Raises:
        InvalidOptions: one of `paths` is a file that `write_folder` would replace.
    """
    written = {(folder / name).resolve() for name in FILES}
    for path in paths:
        if Path(path).resolve() in written:
            raise InvalidOptions(f"{path} would be written over; choose another folder with --output")


def _write(folder: Path, results: Iterable[Report | Failure | BatchReport], job: Job) -> Totals:
    totals, page = Totals(), Page()
    with (
        (folder / REPORTS).open("w", encoding="utf-8") as reports,
        (folder / FAILURES).open("w", encoding="utf-8") as failures,
        Tables(folder / RELATIONS, relation_columns(job.options), job.formats) as relations,
        Tables(folder / DOCUMENTS, document_columns(), job.formats) as documents,
        Tables(folder / TERM_PAIRS, term_pair_columns(), job.formats) as term_pairs,
    ):
        for result in results:
            if isinstance(result, Report):
                reports.write(f"{result.model_dump_json()}\n")
                relations.add(relation_rows(result))
                documents.add(document_row(result))
                page.add(result, job.texts[result.id])
                totals.add(result)
            elif isinstance(result, BatchReport):
                (folder / BATCH).write_text(f"{result.model_dump_json(indent=1)}\n", "utf-8")
                write_graphs(folder, result)
                term_pairs.add(term_pair_rows(result))
                page.add_batch(result)
            else:
                failure = result
                if failure.source is None and failure.index is not None:
                    failure = failure.model_copy(update={"source": job.places[failure.index]})
                failures.write(f"{failure.model_dump_json()}\n")
                page.add_failure(failure)
                totals.add_failure(failure)
    page.write(folder / PAGE)
    return totals
