"""The folder that `bifocal compare` writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bifocal.contracts import BatchReport, Failure, Options, Report
from bifocal.errors import InvalidOptions
from bifocal.output.documents import document_columns, document_row
from bifocal.output.graph import graph_files, write_graphs
from bifocal.output.page import Page
from bifocal.output.place import Place
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

    `texts` holds the documents' texts by id, `places` the file and line of each by its index. Without texts
    there is no page, and without places failures name none.
    """

    options: Options
    texts: Mapping[str, str] | None
    places: Sequence[str]
    formats: Sequence[TableFormat] = (TableFormat.PARQUET,)


def write_folder(folder: Path | str, results: Iterable[Report | Failure | BatchReport], job: Job) -> Totals:
    """Write reports, failures, tables and the page as the results come, and the batch report if one does.

    `folder` may be a URL, such as `s3://bucket/reports`. The files appear together, over those of a run
    before, once everything is written, behind a URL one after the other and the reports last; a run that
    fails leaves what was there, and so does one without a single report.

    Raises:
        InvalidOptions: nothing could be read, and there are reports of a run before.
    """
    place = Place(folder)
    with place.unfinished() as unfinished:
        totals = _write(unfinished, results, job)
        if not totals.succeeded and place.size_bytes(REPORTS):
            reason = totals.first_failures[0].error.message if totals.first_failures else "there was nothing"
            raise InvalidOptions(
                f"no document could be read, so the reports in {folder} stay as they were; {reason}"
            )
        for name in reversed(FILES):
            made = unfinished / name
            if made.exists():
                place.put(made, name)
            else:
                place.remove(name)
    return totals


def check_inputs(folder: Path | str, paths: Iterable[str]) -> None:
    """Refuse to write over what is to be read.

    Raises:
        InvalidOptions: one of `paths` is a file that `write_folder` would replace.
    """
    place = Place(folder)
    for path in paths:
        if any(place.is_input(path, name) for name in FILES):
            raise InvalidOptions(f"{path} would be written over; choose another folder with --output")


def _write(folder: Path, results: Iterable[Report | Failure | BatchReport], job: Job) -> Totals:
    totals, page = Totals(), None if job.texts is None else Page()
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
                if page is not None and job.texts is not None:
                    page.add(result, job.texts[result.id])
                totals.add(result)
            elif isinstance(result, BatchReport):
                (folder / BATCH).write_text(f"{result.model_dump_json(indent=1)}\n", "utf-8")
                write_graphs(folder, result)
                term_pairs.add(term_pair_rows(result))
                if page is not None:
                    page.add_batch(result)
            else:
                failure = _with_place(result, job.places)
                failures.write(f"{failure.model_dump_json()}\n")
                if page is not None:
                    page.add_failure(failure)
                totals.add_failure(failure)
    if page is not None:
        page.write(folder / PAGE)
    return totals


def _with_place(failure: Failure, places: Sequence[str]) -> Failure:
    if failure.source is None and failure.index is not None and places:
        return failure.model_copy(update={"source": places[failure.index]})
    return failure
