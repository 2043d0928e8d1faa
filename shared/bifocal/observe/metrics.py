"""Metrics that a process counts by itself; those of all jobs together come from the ledger.

No label has a value for each job, shard or document.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from bifocal.contracts import ShardDocument

#: A shard of short documents takes a tenth of a second, one of a long document many minutes.
_STAGE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_HTTP_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

STAGE_DURATION = Histogram(
    "bifocal_stage_duration_seconds",
    "Time of an attempt at a stage of a shard, by how the attempt ended.",
    ["stage", "result"],
    buckets=_STAGE_BUCKETS_S,
)
STAGE_DOCUMENTS = Counter(
    "bifocal_stage_documents_total", "Documents of shards whose stage this process has done.", ["stage"]
)
STAGE_WORDS = Counter(
    "bifocal_stage_words_total", "Words, punctuation included, of these documents.", ["stage"]
)
LEASE_LOSSES = Counter(
    "bifocal_lease_losses_total", "Attempts of this process that lost their lease while at work.", ["stage"]
)
GIVEN_UP = Counter(
    "bifocal_stages_given_up_total", "Stages of shards whose documents were ended as failures.", ["stage"]
)
DOCUMENT_FAILURES = Counter(
    "bifocal_document_failures_total",
    "Documents refused or failed in this process, by code of the error.",
    ["code"],
)
STORE_ERRORS = Counter("bifocal_store_errors_total", "Operations at which the store failed.", ["operation"])
REDIS_ERRORS = Counter(
    "bifocal_redis_errors_total", "Times that Redis failed, by what this process wanted of it.", ["at"]
)
HTTP_DURATION = Histogram(
    "bifocal_http_request_duration_seconds",
    "Time from a request to the last byte of its answer.",
    ["method", "route", "status"],
    buckets=_HTTP_BUCKETS_S,
)
WEBHOOK_TRIES = Counter(
    "bifocal_webhook_tries_total", "Tries at telling a receiver that a job has ended, by result.", ["result"]
)


# A series that begins with its first error is no increase to Prometheus.
for _operation in ("put", "get", "delete", "list"):
    STORE_ERRORS.labels(_operation)
for _result in ("delivered", "failed", "unreachable", "refused", "gone"):
    WEBHOOK_TRIES.labels(_result)
for _at in ("dispatch", "heartbeat", "metrics", "request", "stage", "webhook"):
    REDIS_ERRORS.labels(_at)


def count_done(stage: str, documents: Iterable[ShardDocument]) -> None:
    """Count the documents of a shard whose stage was done, and their words."""
    sizes = [len(document.word_starts) for document in documents]
    STAGE_DOCUMENTS.labels(stage).inc(len(sizes))
    STAGE_WORDS.labels(stage).inc(sum(sizes))


def count_failures(codes: Iterable[str]) -> None:
    """Count documents that ended without a report, by code of the error."""
    for code in codes:
        DOCUMENT_FAILURES.labels(code).inc()
