"""What was accepted and how far it is: the truth that the broker only transports."""

from bifocal.ledger.claims import Claim
from bifocal.ledger.deliveries import Delivery
from bifocal.ledger.keys import Keys
from bifocal.ledger.ledger import MERGE, Ledger
from bifocal.ledger.outcomes import Finish, LensCommit
from bifocal.ledger.state import CAUSES, OUTCOMES, LedgerState, StageState
from bifocal.ledger.work import Attempt, Dispatched, Overdue

__all__ = [
    "CAUSES",
    "MERGE",
    "OUTCOMES",
    "Attempt",
    "Claim",
    "Delivery",
    "Dispatched",
    "Finish",
    "Keys",
    "Ledger",
    "LedgerState",
    "LensCommit",
    "Overdue",
    "StageState",
]
