"""Whether there is room for another job: asked before anything of it is accepted."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from bifocal.errors import StoreFull, TooManyWaiting
from bifocal.ledger import Ledger
from bifocal.settings import Settings
from bifocal.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Refuses jobs that could not be finished, or not soon.

    What was accepted is never given up for want of room, so room is asked for first.
    """

    settings: Settings
    store: Store
    ledger: Ledger

    def check(self, *, owner: str = "", most_waiting_shards: int | None = None) -> None:
        """Let a job of an owner in, of whose shards so many may wait.

        Raises:
            TooManyWaiting: as much waits as may, of all jobs or of the owner's.
            StoreFull: the store's disk, or Redis, has too little room left.
        """
        waiting = self.ledger.waiting_shards()
        if waiting >= self.settings.most_waiting_shards:
            raise TooManyWaiting(
                f"{waiting:,} shards wait, and no more than {self.settings.most_waiting_shards:,} may; "
                "try again later, or raise BIFOCAL_MOST_WAITING_SHARDS"
            )
        if most_waiting_shards is not None:
            theirs = self.ledger.waiting_shards(owner)
            if theirs >= most_waiting_shards:
                raise TooManyWaiting(
                    f"{theirs:,} shards of this key's jobs wait, and no more than "
                    f"{most_waiting_shards:,} may; try again when some are done"
                )
        folder = self.store.local_folder
        if folder is not None and _free_bytes(folder) < self.settings.least_free_bytes:
            raise StoreFull(
                f"less than {self.settings.least_free_bytes:,} bytes are free for the store; remove old "
                "results, or lower BIFOCAL_LEAST_FREE_BYTES"
            )
        if self.ledger.memory_share() > _MOST_MEMORY:
            raise StoreFull("Redis has nearly used up its memory; try again later")


#: Share of the memory that Redis may use; beyond its maximum it refuses to write.
_MOST_MEMORY = 0.9


def _free_bytes(folder: Path) -> int:
    """Of the disk that a folder, which may not be there yet, lies or will lie on."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
