"""What was accepted and how far it is: the truth that the broker only transports."""

from bifocal.ledger.keys import Keys
from bifocal.ledger.ledger import MERGE, Attempt, Dispatched, Ledger, Overdue
from bifocal.ledger.outcomes import Finish, LensCommit, LensOutput

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
