"""Stages that take no time, so that what is left is the control plane: queue, ledger, store and gateway."""

import json
import os
import time
from collections.abc import Sequence

from bifocal.contracts import Options, Shard, ShardDocument, ShardMessage
from bifocal.store import JobFiles
from bifocal.worker import Bench, Hold, JobSample, LensWork
from bifocal_gateway.batch.partial import ShardPartial
from bifocal_gateway.merge.finish import Outcome, finish


class InstantLens:
    """A lens that says nothing of any document; no merge but the instant one can do with that.

    With `CHAOS_CONTEXTUAL_S` the contextual one sleeps so long over each shard.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.loaded = f"instant {name}"
        self.libraries: dict[str, str] = {}

    def read(
        self, documents: Sequence[ShardDocument], options: Options, sample: JobSample | None = None
    ) -> LensWork:
        """Nothing."""
        if self.name == "contextual":
            time.sleep(float(os.environ.get("CHAOS_CONTEXTUAL_S") or 0))
        return LensWork(readings=[], outputs={})


class InstantMerge:
    """A merge that does all that one does for a shard, and nothing for its documents but a line each."""

    loaded = "instant merge"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, message: ShardMessage, hold: Hold) -> None:
        """End the shard."""
        files = JobFiles(self._bench.store, message.job)
        shard = Shard.model_validate_json(files.shard(message.shard))
        read = self._bench.ledger.outputs(message.job, message.shard)
        for lens, attempt in read.items():
            files.reading(lens, message.shard, attempt)
        lines = "".join(
            f"{json.dumps({'outcome': 'succeeded', 'id': one.id, 'index': one.index})}\n"
            for one in shard.documents
        )
        outcome = Outcome(lines=lines.encode(), documents={"succeeded": len(shard.documents)})
        partial = ShardPartial(shard.options.contextual_threshold).tables()
        finish(self._bench.ledger, files, hold.attempt, outcome, partial)
