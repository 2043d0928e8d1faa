"""What the store knows of jobs and Redis does not: after Redis was lost, or a gateway died as it accepted.

A job that was answered for has a manifest in the store, written before the ledger knows of it. So a ledger
that lost jobs is written anew from manifests and results, and what lies there without a manifest was never
answered for.
"""

import logging
import re
from collections import Counter
from dataclasses import dataclass

from bifocal.contracts import RESULT, Options, Priority
from bifocal.ledger import Ledger
from bifocal.store import JobFiles, Store

log = logging.getLogger(__name__)

#: An upload takes less; what is older and was not accepted never will be.
_ABANDONED_S = 24 * 3600.0

_RESULTS = re.compile(r"(?P<shard>\d+)\.(?P<attempt>\d+)\.jsonl\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Brings store and ledger together."""

    store: Store
    ledger: Ledger

    def step(self) -> int:
        """Enter jobs that only the store knows, and remove what no job will use; how many were entered.

        More than one gateway may do this at once: of two entries the first counts.
        """
        entered = 0
        for job in self.store.folders("jobs"):
            if self.ledger.is_known(job) or self.ledger.leftovers.is_accepting(job):
                continue
            files = JobFiles(self.store, job)
            manifest = files.manifest()
            if manifest is not None:
                entered += self._enter(job, files, manifest)
            elif self.store.age_s(f"jobs/{job}") > _ABANDONED_S:
                files.forget_all()
        return entered

    def _enter(self, job: str, files: JobFiles, manifest: dict[str, int | str]) -> bool:
        # In this order: a shard's results are there before its documents go.
        unmerged = files.shard_numbers()
        attempts = shards_with_results(files)
        if len(unmerged | attempts.keys()) < int(manifest["n_shards"]):
            # An acceptance that was stopped for so long that it was given up, and its bodies removed, went on
            # to write its manifest. It will not be answered for.
            log.warning("job %s was never whole, and is removed from the store", job)
            files.forget_all()
            return False
        made = self.ledger.create_job(
            job,
            options=Options.model_validate_json(str(manifest["options"])),
            n_documents=int(manifest["n_documents"]),
            n_refused=int(manifest["n_refused"]),
            n_shards=int(manifest["n_shards"]),
            owner=str(manifest["owner"]),
            priority=Priority(str(manifest["priority"])),
            webhook=str(manifest["webhook"]),
        )
        if not made:
            return False
        log.warning("job %s was not in Redis, and is entered from the store", job)
        for shard, attempt in sorted(attempts.items()):
            _finish(self.ledger, files, job, shard, attempt)
        return True


def shards_with_results(files: JobFiles) -> dict[int, int]:
    """Shards of which there are results in the store, each with the first attempt that wrote them."""
    found: dict[int, int] = {}
    for match in filter(None, map(_RESULTS.fullmatch, files.result_names())):
        shard, attempt = int(match["shard"]), int(match["attempt"])
        found[shard] = min(attempt, found.get(shard, attempt))
    return found


def finish_from_store(ledger: Ledger, files: JobFiles, job: str, shard: int) -> bool:
    """End a shard by the results that lie in the store; False if there are none."""
    attempt = shards_with_results(files).get(shard)
    if attempt is None:
        return False
    _finish(ledger, files, job, shard, attempt)
    return True


def _finish(ledger: Ledger, files: JobFiles, job: str, shard: int, attempt: int) -> None:
    lines = files.results(shard, attempt).splitlines()
    outcomes = Counter[str](RESULT.validate_json(line).outcome for line in lines)
    ledger.finish_shard(job, shard, attempt, **outcomes)
