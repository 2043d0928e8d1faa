"""Wire types: everything a client sends or gets, and every file bifocal writes."""

from bifocal.contracts._wire import SCHEMA_VERSION
from bifocal.contracts.document import Document, ErrorDetail, Failure
from bifocal.contracts.job import NEXT_PART_HEADER, Job, JobCounts, JobRequest, JobState
from bifocal.contracts.lens import ContextualReading, LensHeader, StaticReading
from bifocal.contracts.message import ShardMessage
from bifocal.contracts.options import Listing, Method, Options
from bifocal.contracts.report import (
    RESULT,
    ContextualRelation,
    ContextualSummary,
    Neighbour,
    NotComparableCounts,
    Provenance,
    Reason,
    Relation,
    Report,
    Result,
    StaticRelation,
    StaticSummary,
    Verdict,
    VerdictCounts,
    WordRef,
)
from bifocal.contracts.shard import Shard, ShardDocument

__all__ = [
    "NEXT_PART_HEADER",
    "RESULT",
    "SCHEMA_VERSION",
    "ContextualReading",
    "ContextualRelation",
    "ContextualSummary",
    "Document",
    "ErrorDetail",
    "Failure",
    "Job",
    "JobCounts",
    "JobRequest",
    "JobState",
    "LensHeader",
    "Listing",
    "Method",
    "Neighbour",
    "NotComparableCounts",
    "Options",
    "Provenance",
    "Reason",
    "Relation",
    "Report",
    "Result",
    "Shard",
    "ShardDocument",
    "ShardMessage",
    "StaticReading",
    "StaticRelation",
    "StaticSummary",
    "Verdict",
    "VerdictCounts",
    "WordRef",
]
