"""What was accepted and how far it is: the truth that the broker only transports."""

from bifocal.ledger.keys import Keys
from bifocal.ledger.ledger import MERGE, Attempt, Ledger, Overdue
from bifocal.ledger.outcomes import Finish, LensCommit, LensOutput
from bifocal.ledger.state import CAUSES, LedgerState, StageState

__all__ = [
    "CAUSES", "MERGE", "Attempt", "Finish", "Keys", "Ledger", "LedgerState", "LensCommit", "LensOutput",
    "Overdue", "StageState",
]  # fmt: skip
