"""Partials of a job's shards, folded into its batch report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bifocal.contracts import Job, JobState, Verdict
from bifocal.contracts.batch import BatchReport
from bifocal_gateway.batch.agreement import batch_agreement
from bifocal_gateway.batch.chance import hold_against_chance
from bifocal_gateway.batch.changes import find_changes
from bifocal_gateway.batch.database import Database, open_database
from bifocal_gateway.batch.findings import find, significant
from bifocal_gateway.batch.gather import gather
from bifocal_gateway.batch.term_pairs import MILLION

#: Pairs in each of a report's lists.
MOST_PAIRS = 1_000

_DOCUMENTS = """
select count(*), coalesce(sum(terms_left_out), 0), coalesce(sum(pairs), 0), coalesce(sum(tied), 0)
from documents
"""

_LISTED_TERMS = """
select vocabulary.term, count(*) from present
join (select a as term from kept union select b from kept) using (term)
join vocabulary on number = present.term
group by vocabulary.term order by vocabulary.term
"""


def fold(
    job: Job,
    files: Mapping[str, Sequence[Path]],
    *,
    folder: Path,
    memory_mb: int,
    most_pairs: int = MOST_PAIRS,
) -> BatchReport:
    """The batch report of a job by the partials that there are.

    `files` are their Parquet files by table. DuckDB keeps within `memory_mb` and puts what does not fit into
    `folder`, an empty one. What comes out does not depend on the order or the packing of the documents.

    Raises:
        InternalError: it cannot be made within the memory.
    """
    with open_database(folder=folder, memory_mb=memory_mb) as database:
        gather(database, files)
        return _report(job, database, most_pairs)


def _report(job: Job, database: Database, most_pairs: int) -> BatchReport:
    models = (*job.options.static_models, *job.options.contextual_models)
    threshold = round(job.options.static_threshold * MILLION)
    n_documents, n_terms_left_out, n_held, n_tied = database.row(_DOCUMENTS)
    (n_terms,) = database.row("select count(*) from vocabulary")
    near_rate = hold_against_chance(database, static_threshold=threshold)
    findings = find(database, static_threshold=threshold, near_rate=near_rate, most=most_pairs)
    return BatchReport(
        complete=job.state is JobState.ENDED,
        options=job.options,
        n_documents=n_documents,
        n_terms=n_terms,
        n_terms_left_out=n_terms_left_out,
        n_pairs=findings.verdicts.total,
        n_held=n_held,
        n_tied=n_tied,
        base_rate=significant(n_tied / n_held) if n_held else None,
        verdicts=findings.verdicts,
        significance=findings.significance,
        most_pairs=most_pairs,
        context_only=findings.lists[Verdict.CONTEXT_ONLY],
        both=findings.lists[Verdict.BOTH],
        meaning_only=findings.lists[Verdict.MEANING_ONLY],
        not_comparable=findings.lists[Verdict.NOT_COMPARABLE],
        term_documents=dict(database.rows(_LISTED_TERMS)),
        agreement=batch_agreement(database, models, job.options.permutations),
        constancy=findings.constancy,
        companies=find_changes(database),
    )
