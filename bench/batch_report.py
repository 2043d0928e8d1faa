"""The batch report of many short documents: peak memory and time of the fold against their number.

    python bench/batch_report.py [DOCUMENTS…]

Documents are synthetic: 20 terms each, drawn from a vocabulary by Zipf's law, in shards of 32. Contextual
percentiles are random, so that a document ties 3 in 100 of its pairs, but for planted pairs of terms that are
found together in a few documents and tied in most of these. Partials are those that the merge writes. Each
fold runs in a process of its own, whose peak resident memory is told, Python and libraries included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bifocal.contracts import Job, JobCounts, JobState, Options
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal_gateway.batch.agreement import DocumentAgreement
from bifocal_gateway.batch.fold import fold
from bifocal_gateway.batch.partial import TABLES, ShardPartial
from bifocal_gateway.batch.term_pairs import TermPairs, Terms

NO_AGREEMENT = DocumentAgreement(spearman=None, p_value=None, models=None)

DOCUMENTS = (10_000, 100_000)
VOCABULARY, DIMENSIONS, TERMS, SHARD = 20_000, 50, 20, 32
PLANTED, PLANTED_EVERY, PLANTED_TIED = 40, 25, 0.8


def write_partials(store: Store, n_documents: int) -> None:
    """Partials of a job of so many documents."""
    random = np.random.default_rng(20170706)
    words = np.array([f"term{n:05d}" for n in range(VOCABULARY)])
    vectors = random.normal(size=(VOCABULARY, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    zipf = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    planted = np.arange(2 * PLANTED).reshape(PLANTED, 2) + VOCABULARY // 2
    files, threshold = JobFiles(store, "job"), Options().contextual_threshold
    i, j = np.triu_indices(TERMS, 1)
    for shard, first in enumerate(range(0, n_documents, SHARD)):
        partial = ShardPartial(threshold)
        for number in range(first, min(first + SHARD, n_documents)):
            drawn = np.unique(np.searchsorted(zipf, random.random(4 * TERMS) * zipf[-1]))
            chosen = random.permutation(drawn)[:TERMS]
            pair = planted[number // PLANTED_EVERY % PLANTED] if number % PLANTED_EVERY == 0 else None
            if pair is not None:
                chosen[:2] = pair
            chosen = np.sort(chosen)
            percentile = random.random(len(i))
            if pair is not None and random.random() < PLANTED_TIED:
                percentile[np.isin(chosen[i], pair) & np.isin(chosen[j], pair)] = 0.99
            terms = Terms(
                names=words[chosen].tolist(),
                of_unit=np.arange(TERMS, dtype=np.int32),
                vectors=vectors[chosen],
                known=np.ones(TERMS, dtype=np.bool_),
            )
            pairs = TermPairs(terms)
            cosine = np.einsum("kd,kd->k", vectors[chosen[i]], vectors[chosen[j]])
            near = np.clip(0.5 + 2 * cosine, 0, 1)
            pairs.add(i, j, contextual_percentile=percentile, cosine=cosine, static_percentile=near)
            partial.add(pairs.result(f"document-{number:07d}"), NO_AGREEMENT)
        files.put_partial(shard, partial.tables())


def measure(folder: Path, n_documents: int, memory_mb: int) -> dict[str, object]:
    """Fold and tell of it."""
    files = JobFiles(Store(str(folder)), "job")
    shards = range(-(-n_documents // SHARD))
    job = Job(
        id="job",
        state=JobState.ENDED,
        counts=JobCounts(total=n_documents, succeeded=n_documents),
        options=Options(),
        created_at=datetime(2017, 7, 6, tzinfo=UTC),
    )
    with tempfile.TemporaryDirectory() as spilled:
        paths = {table: [files.terms(table, shard, Path(spilled)) for shard in shards] for table in TABLES}
        began_s = time.perf_counter()
        report = fold(job, paths, folder=Path(spilled), memory_mb=memory_mb)
        took_s = time.perf_counter() - began_s
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    found = {(pair.a, pair.b) for pair in (*report.context_only, *report.both)}
    planted = {
        (f"term{n:05d}", f"term{n + 1:05d}") for n in range(VOCABULARY // 2, VOCABULARY // 2 + 2 * PLANTED, 2)
    }
    return {
        "documents": report.n_documents,
        "held": report.n_held,
        "pairs": report.n_pairs,
        "planted_found": len(found & planted),
        "others_found": len(found - planted),
        "seconds": took_s,
        "peak_mb": int(peak.split()[1]) / 1024,
    }


def main() -> None:
    """Write, fold and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", type=int, nargs="*", default=DOCUMENTS)
    parser.add_argument("--memory-mb", type=int, default=Settings().batch_memory_mb)
    parser.add_argument("--fold", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.fold:
        print(json.dumps(measure(chosen.fold, chosen.documents[0], chosen.memory_mb)))
        return
    results = []
    for n_documents in chosen.documents:
        with tempfile.TemporaryDirectory() as folder:
            write_partials(Store(folder), n_documents)
            size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
            command = [sys.executable, __file__, str(n_documents), "--fold", folder]
            command += ["--memory-mb", str(chosen.memory_mb)]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(output)
        results.append(found)
        print(
            f"{n_documents:7,} documents, {found['held']:,} pairs in them, {found['pairs']:,} different "
            f"ones, {size / 2**20:.0f} MB of partials: {found['seconds']:.1f} s, "
            f"peak {found['peak_mb']:.0f} MB; "
            f"{found['planted_found']} of {PLANTED} planted pairs found, {found['others_found']} others",
            flush=True,
        )
    if len(results) > 1:
        print(f"peak memory, last over first: {results[-1]['peak_mb'] / results[0]['peak_mb']:.2f}")


if __name__ == "__main__":
    main()
