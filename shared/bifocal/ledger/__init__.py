"""What was accepted and how far it is: the truth that the broker only transports."""

from bifocal.ledger.keys import Keys
from bifocal.ledger.ledger import MERGE, Attempt, Dispatched, Finish, Ledger, LensCommit, LensOutput, Overdue

__all__ = [
    "MERGE",
    "Attempt",
    "Dispatched",
    "Finish",
    "Keys",
    "Ledger",
    "LensCommit",
    "LensOutput",
    "Overdue",
]
