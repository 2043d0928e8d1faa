"""What travels through the broker: a pointer, never a body."""

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.job import Priority


class ShardMessage(Wire):
    """Names a shard whose documents, readings and state lie in the store and the ledger."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    job: str
    shard: int
    priority: Priority = Priority.BULK
    """Which of a stage's queues it goes through."""
    traceparent: str | None = None
    """W3C trace context of the step that sent it, where spans are made."""
