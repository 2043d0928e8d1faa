"""Batches from observations that a test names: documents as sets of pairs of words, and their partials."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bifocal.contracts import BatchReport, Job, JobCounts, JobState, Options
from bifocal.store import JobFiles, Store
from bifocal_gateway.batch.agreement import DocumentAgreement
from bifocal_gateway.batch.fold import fold
from bifocal_gateway.batch.partial import TABLES, ShardPartial
from bifocal_gateway.batch.term_pairs import DocumentTerms, TermPairs, Terms

#: Of documents whose agreement does not matter.
NO_AGREEMENT = DocumentAgreement(spearman=None, p_value=None, models=None)

CREATED = datetime(2017, 7, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Vocabulary:
    """Terms with unit vectors; those in `unknown` have none."""

    vectors: Mapping[str, Sequence[float]]
    unknown: frozenset[str] = frozenset()

    @property
    def dimensions(self) -> int:
        return len(next(iter(self.vectors.values()), ()))

    def vector(self, term: str) -> list[float]:
        return [0.0] * len(self.vectors[term]) if term in self.unknown else list(self.vectors[term])

    def cosine(self, a: str, b: str) -> float:
        return sum(x * y for x, y in zip(self.vector(a), self.vector(b), strict=True))

    def percentile(self, a: str, b: str) -> float:
        """The static percentile: a fixed function of the cosine."""
        return (1 + self.cosine(a, b)) / 2


@dataclass(frozen=True)
class Text:
    """A document as its observations: two terms and the contextual percentile of two words of theirs."""

    id: str
    observations: Sequence[tuple[str, str, float]]
    block: int = 1_000_000
    """Observations in a block of the merge."""


@dataclass
class Batch:
    """Documents of a job, as the merge would pack them."""

    vocabulary: Vocabulary
    shards: Sequence[Sequence[Text]]
    options: Options = field(default_factory=Options)
    most: int = 1_000
    memory_mb: int = 128

    def report(self) -> BatchReport:
        with tempfile.TemporaryDirectory() as temporary:
            files = JobFiles(Store(f"{temporary}/store"), "job")
            for number, texts in enumerate(self.shards):
                files.put_partial(number, 1, self.partial(texts).tables())
            folder = Path(temporary, "fold")
            folder.mkdir()
            shards = range(len(self.shards))
            tables = {table: [files.terms(table, shard, 1, folder) for shard in shards] for table in TABLES}
            job = job_of(sum(map(len, self.shards)), self.options)
            return fold(job, tables, folder=folder, memory_mb=self.memory_mb, most_pairs=self.most)

    def partial(self, texts: Iterable[Text]) -> ShardPartial:
        partial = ShardPartial(self.options.contextual_threshold)
        for text in texts:
            partial.add(document_terms(text, self.vocabulary), NO_AGREEMENT)
        return partial


def job_of(n_documents: int, options: Options) -> Job:
    """A job that has ended."""
    counts = JobCounts(total=n_documents, succeeded=n_documents)
    return Job(id="job", state=JobState.ENDED, counts=counts, options=options, created_at=CREATED)


def document_terms(text: Text, vocabulary: Vocabulary) -> DocumentTerms:
    """What the merge gathers of a document; each observation has two words of its own."""
    words = [term for a, b, _ in text.observations for term in (a, b)]
    names = sorted(set(words))
    terms = Terms(
        names=names,
        of_unit=np.array([names.index(word) for word in words], dtype=np.int32),
        vectors=np.array([vocabulary.vector(name) for name in names], dtype=np.float32).reshape(
            len(names), vocabulary.dimensions
        ),
        known=np.array([name not in vocabulary.unknown for name in names], dtype=np.bool_),
    )
    pairs = TermPairs(terms)
    for start in range(0, len(text.observations), text.block):
        some = text.observations[start : start + text.block]
        i = 2 * np.arange(start, start + len(some))
        pairs.add(
            i,
            i + 1,
            contextual_percentile=np.array([percentile for _, _, percentile in some]),
            cosine=np.array([vocabulary.cosine(a, b) for a, b, _ in some]),
            static_percentile=np.array([vocabulary.percentile(a, b) for a, b, _ in some]),
        )
    return pairs.result(text.id)


def unit_vectors(names: Sequence[str], *, seed: int, dimensions: int = 8) -> dict[str, list[float]]:
    """Random unit vectors."""
    drawn = np.random.default_rng(seed).normal(size=(len(names), dimensions))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return dict(zip(names, drawn.tolist(), strict=True))
