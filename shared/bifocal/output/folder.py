"""The folder that `bifocal compare` writes."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bifocal.contracts import BatchReport, Failure, Report, VerdictCounts
from bifocal.errors import InvalidOptions
from bifocal.output.graph import graph_files, write_graphs
from bifocal.output.page import Page
from bifocal.output.relations import RelationTable

REPORTS, RELATIONS, FAILURES, PAGE = "reports.jsonl", "relations.parquet", "failures.jsonl", "index.html"
BATCH = "batch.json"

#: Every file of the folder.
FILES = (REPORTS, RELATIONS, FAILURES, PAGE, BATCH, *graph_files())

_FAILURES_SHOWN = 10


@dataclass(slots=True)
class Totals:
    """What a run amounts to."""

    succeeded: int = 0
    failed: int = 0
    words: int = 0
    candidate_pairs: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    first_failures: list[Failure] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count a report in."""
        self.succeeded += 1
        self.words += report.n_words
        self.candidate_pairs += report.n_candidate_pairs
        for name, number in by_verdict(report.verdicts).items():
            self.verdicts[name] = self.verdicts.get(name, 0) + number

    def add_failure(self, failure: Failure) -> None:
        """Count a failure in; the first few are kept, to be shown."""
        self.failed += 1
        if len(self.first_failures) < _FAILURES_SHOWN:
            self.first_failures.append(failure)


def by_verdict(counts: VerdictCounts) -> dict[str, int]:
    """Pairs by verdict, the reasons of those not comparable taken together."""
    return {
        "both": counts.both,
        "meaning_only": counts.meaning_only,
        "context_only": counts.context_only,
        "neither": counts.neither,
        "not_comparable": counts.not_comparable.total,
    }


def write_folder(
    folder: Path,
    results: Iterable[Report | Failure | BatchReport],
    *,
    texts: Mapping[str, str],
    places: Sequence[str],
) -> Totals:
    """Write reports, relations, failures and the page as the results come, and the batch report if one does.

    `texts` holds the documents' texts by id, `places` the file and line of each by its index. The
    files appear together, over those of a run before, once everything is written; a run that fails
    leaves what was there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        totals = _write(Path(unfinished), results, texts, places)
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


def _write(
    folder: Path,
    results: Iterable[Report | Failure | BatchReport],
    texts: Mapping[str, str],
    places: Sequence[str],
) -> Totals:
    totals, page = Totals(), Page()
    with (
        (folder / REPORTS).open("w", encoding="utf-8") as reports,
        (folder / FAILURES).open("w", encoding="utf-8") as failures,
        RelationTable(folder / RELATIONS) as relations,
    ):
        for result in results:
            if isinstance(result, Report):
                reports.write(f"{result.model_dump_json()}\n")
                relations.add(result)
                page.add(result, texts[result.id])
                totals.add(result)
            elif isinstance(result, BatchReport):
                (folder / BATCH).write_text(f"{result.model_dump_json(indent=1)}\n", "utf-8")
                write_graphs(folder, result)
            else:
                failure = result
                if failure.source is None and failure.index is not None:
                    failure = failure.model_copy(update={"source": places[failure.index]})
                failures.write(f"{failure.model_dump_json()}\n")
                page.add_failure(failure)
                totals.add_failure(failure)
    page.write(folder / PAGE)
    return totals
