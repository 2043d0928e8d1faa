"""The batch report of a job, through a real gateway and real workers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from batch_builder import Batch, Text, Vocabulary, unit_vectors
from batch_reference import Reference, check_pairs
from bifocal import Client, Document, EmbeddedStack
from bifocal.contracts import BatchReport, Listing, Options, Report, Shard, ShardDocument
from bifocal.ledger import Ledger
from bifocal.ledger.ledger import MERGE
from bifocal.lenses import LENSES
from bifocal.queue import celery_app
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal.text import is_term
from bifocal_gateway.batch.summaries import Summaries
from bifocal_gateway.dispatcher import Dispatcher

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Reported:
    """A static lens as reports tell it: by the pairs of words in them, in lower case."""

    cosines: Mapping[frozenset[str], float]
    percentiles: Mapping[frozenset[str], float]
    unknown: frozenset[str]

    def cosine(self, a: str, b: str) -> float:
        return self.cosines[frozenset((a, b))]

    def percentile(self, a: str, b: str) -> float:
        return self.percentiles[frozenset((a, b))]

    def vector(self, term: str) -> list[float]:
        return [1.0]


def test_the_batch_report_says_what_the_reports_say_together(
    client: Client, lee: list[Document], segmented: Callable[..., ShardDocument]
) -> None:
    # Given the openings of some news, in two shards, and a document that fails
    documents = [Document(id=d.id, text=d.text[:220]) for d in lee[:40]]
    job = client.submit([*documents, Document(id="empty", text="")], Options(listing=Listing.ALL))
    client.wait(job.id)
    reports = [result for result in client.results(job.id) if isinstance(result, Report)]
    # When what they list is counted by the definitions
    texts, cosines, percentiles, unknown = [], {}, {}, set()
    for document, report in zip(documents, reports, strict=True):
        words = segmented(document.text)
        terms = [
            word.lower() if is_term(word) and n not in words.stop_words else None
            for n, word in enumerate(words.words)
        ]
        own = []
        for relation in report.relations:
            a, b = terms[relation.a.word], terms[relation.b.word]
            if a is None or b is None or a == b:
                continue
            own.append((a, b, relation.contextual.percentile))
            if relation.static is not None:
                cosines[frozenset((a, b))] = relation.static.cosine
                percentiles[frozenset((a, b))] = relation.static.percentile
        unknown.update(word.lower() for word in report.static[0].unknown_words)
        texts.append(Text(document.id, own))
    thresholds = {"static_threshold": 0.99, "threshold": 0.97}
    lens = Reported(cosines, percentiles, frozenset(unknown))
    # Then it is the batch report
    summary = client.summary(job.id)
    check_pairs(summary, Reference(texts, lens, **thresholds))  # type: ignore[arg-type]
    assert (summary.complete, summary.n_documents) == (True, 40)
    assert summary.constancy.static_spread in (0, None)


def test_a_running_job_has_a_report_of_what_is_merged_and_an_ended_one_keeps_its_own(
    client: Client, stack: EmbeddedStack, lee: list[Document]
) -> None:
    job = client.submit([Document(id=d.id, text=d.text[:200]) for d in lee[:40]])
    early = client.summary(job.id)
    ended = client.wait(job.id)
    assert early.n_documents <= ended.counts.succeeded == 40
    url = f"{stack.url}/v1/jobs/{job.id}/summary"
    first, second = httpx.get(url), httpx.get(url)
    assert first.headers["content-type"] == "application/json"
    assert first.content == second.content
    assert (stack.folder / "store" / "jobs" / job.id / "summary.json.gz").exists()
    assert client.summary(job.id).n_documents == 40


def test_a_shard_whose_merge_is_given_up_adds_nothing(
    ledger: Ledger, tmp_path: Path, segmented: Callable[..., ShardDocument]
) -> None:
    # Given a merge that wrote its partial and never came to an end
    settings, store, files = Settings(), Store(str(tmp_path)), JobFiles(Store(str(tmp_path)), "job")
    shard = Shard(job="job", shard=0, options=Options(), documents=[segmented("A king met a queen.")])
    files.put_shard(0, shard.model_dump_json().encode())
    vocabulary = Vocabulary(unit_vectors(["king", "queen"], seed=0))
    batch = Batch(vocabulary, [[Text("0", [("king", "queen", 0.99)])]])
    ledger.create_job("job", options=Options(), n_documents=1, n_refused=0, n_shards=1)
    ledger.dispatch(1)
    for lens in LENSES:
        ledger.commit_lens(lens, "job", 0, 1)
    for number in (1, 2, 3):
        attempt = ledger.lease(MERGE, "job", 0, owner="doomed", for_s=60)
        assert attempt is not None
        assert attempt.number == number
        ledger.release(attempt)
    files.put_partial(0, 1, batch.partial(batch.shards[0]).tables())
    summaries = Summaries(settings=settings, store=store, ledger=ledger)
    # When it is given up
    dispatcher = Dispatcher(settings=settings, store=store, ledger=ledger, app=celery_app(settings.redis_url))
    ledger._redis.delete("bifocal:reconciler")
    (overdue,) = ledger.overdue(every_s=1, message_s=60, lease_s=60)
    assert (overdue.stage, overdue.attempts) == (MERGE, 3)
    dispatcher._give_up(overdue)
    # Then its document is a failure, and nothing of it is in the batch report
    report = BatchReport.model_validate_json(summaries.summary("job"))
    assert (report.complete, report.n_documents, report.n_pairs) == (True, 0, 0)
