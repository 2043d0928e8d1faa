"""Wire types: everything a client sends or gets, and every file bifocal writes."""

from bifocal.contracts._wire import SCHEMA_VERSION
from bifocal.contracts.batch import BatchPair, BatchReport, BatchVerdicts, TermCompany
from bifocal.contracts.document import Document, ErrorDetail, Failure
from bifocal.contracts.job import NEXT_PART_HEADER, Job, JobCounts, JobRequest, JobState
from bifocal.contracts.lens import ContextualReading, LensHeader, StaticReading
from bifocal.contracts.message import ShardMessage
from bifocal.contracts.options import Listing, Method, Options, Profile, Space
from bifocal.contracts.report import (
    RESULT,
    ContextualRelation,
    ContextualSummary,
    Direction,
    HeadVoice,
    Neighbour,
    NotComparableCounts,
    Provenance,
    Reason,
    Relation,
    RelationKind,
    Report,
    Result,
    StaticRelation,
    StaticSummary,
    Verdict,
    VerdictCounts,
    Without,
    WordRef,
)
from bifocal.contracts.shard import Shard, ShardDocument

__all__ = [
    "NEXT_PART_HEADER",
    "RESULT",
    "SCHEMA_VERSION",
    "BatchPair",
    "BatchReport",
    "BatchVerdicts",
    "ContextualReading",
    "ContextualRelation",
    "ContextualSummary",
    "Direction",
    "Document",
    "ErrorDetail",
    "Failure",
    "HeadVoice",
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
    "Profile",
    "Provenance",
    "Reason",
    "Relation",
    "RelationKind",
    "Report",
    "Result",
    "Shard",
    "ShardDocument",
    "ShardMessage",
    "Space",
    "StaticReading",
    "StaticRelation",
    "StaticSummary",
    "TermCompany",
    "Verdict",
    "VerdictCounts",
    "Without",
    "WordRef",
]
