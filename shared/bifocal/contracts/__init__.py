"""Wire types: everything a client sends or gets, and every file bifocal writes."""

from bifocal.contracts._wire import SCHEMA_VERSION
from bifocal.contracts.batch import BatchPair, BatchReport, BatchVerdicts, TermCompany
from bifocal.contracts.document import Document, ErrorDetail, Failure
from bifocal.contracts.export import ExportFormat, ExportTable
from bifocal.contracts.job import (
    NEXT_CURSOR_HEADER,
    CompareRequest,
    Job,
    JobCounts,
    JobPage,
    JobRequest,
    JobState,
    Priority,
)
from bifocal.contracts.job_ended import JobEnded
from bifocal.contracts.lens import ContextualReading, DocumentReading, LensHeader
from bifocal.contracts.message import ShardMessage
from bifocal.contracts.models import (
    ContextualSummary,
    ModelInfo,
    ModelList,
    Neighbour,
    NeighbourList,
    StaticSummary,
)
from bifocal.contracts.options import Candidates, Listing, Method, Options, Profile, Scope, Space
from bifocal.contracts.relation import (
    ContextualRelation,
    Direction,
    FurtherFigures,
    HeadVoice,
    LexicalKind,
    Reason,
    Relation,
    RelationKind,
    StaticRelation,
    Verdict,
    Without,
    WordRef,
)
from bifocal.contracts.report import RESULT, Provenance, Report, Result
from bifocal.contracts.shard import Shard, ShardDocument
from bifocal.contracts.summary import (
    Agreement,
    Divergent,
    Interval,
    LongRange,
    ModelAgreement,
    NotComparableCounts,
    Null,
    VerdictCounts,
)
from bifocal.contracts.webhook import Webhook, WebhookDelivery, WebhookState

__all__ = [
    "NEXT_CURSOR_HEADER",
    "RESULT",
    "SCHEMA_VERSION",
    "Agreement",
    "BatchPair",
    "BatchReport",
    "BatchVerdicts",
    "Candidates",
    "CompareRequest",
    "ContextualReading",
    "ContextualRelation",
    "ContextualSummary",
    "Direction",
    "Divergent",
    "Document",
    "DocumentReading",
    "ErrorDetail",
    "ExportFormat",
    "ExportTable",
    "Failure",
    "FurtherFigures",
    "HeadVoice",
    "Interval",
    "Job",
    "JobCounts",
    "JobEnded",
    "JobPage",
    "JobRequest",
    "JobState",
    "LensHeader",
    "LexicalKind",
    "Listing",
    "LongRange",
    "Method",
    "ModelAgreement",
    "ModelInfo",
    "ModelList",
    "Neighbour",
    "NeighbourList",
    "NotComparableCounts",
    "Null",
    "Options",
    "Priority",
    "Profile",
    "Provenance",
    "Reason",
    "Relation",
    "RelationKind",
    "Report",
    "Result",
    "Scope",
    "Shard",
    "ShardDocument",
    "ShardMessage",
    "Space",
    "StaticRelation",
    "StaticSummary",
    "TermCompany",
    "Verdict",
    "VerdictCounts",
    "Webhook",
    "WebhookDelivery",
    "WebhookState",
    "Without",
    "WordRef",
]
