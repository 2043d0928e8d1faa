"""An attempt in a worker's hands: what it may begin, and whether it is still its own."""

from bifocal.errors import WorkerLost
from bifocal.ledger import Attempt, Ledger


class LeaseLost(Exception):
    """Another worker is at the stage, or may be: there is nothing to commit."""


class Hold:
    """What a stage knows of its attempt.

    After a death an attempt is *careful*: it names each document before it touches it, so that the next
    death is put down to that one. A document at which `most_deaths` attempts died is not touched again.
    """

    def __init__(self, ledger: Ledger, attempt: Attempt, *, most_deaths: int) -> None:
        self._ledger = ledger
        self._most_deaths = most_deaths
        self.attempt = attempt

    @property
    def careful(self) -> bool:
        """Whether documents are to be named, and so taken one by one."""
        return self.attempt.careful

    def begin(self, place: int) -> None:
        """Name the document that comes next, by its place in the shard.

        Raises:
            LeaseLost: the attempt is no longer ours.
            WorkerLost: it has killed too many workers.
        """
        if not self.careful:
            return
        deaths = self.attempt.deaths.get(place, 0)
        if deaths >= self._most_deaths:
            raise WorkerLost(
                f"the {self.attempt.stage} worker died {deaths} times over this document alone, "
                f"in {self.attempt.number - 1} attempts at it and those beside it"
            )
        self._name(place)

    def done(self) -> None:
        """There is no document left that could be to blame.

        Raises:
            LeaseLost: the attempt is no longer ours.
        """
        if self.careful:
            self._name(-1)

    def _name(self, place: int) -> None:
        if not self._ledger.at(self.attempt, place):
            raise LeaseLost
