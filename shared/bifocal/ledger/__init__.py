"""What was accepted and how far it is: the truth that the broker only transports."""

from bifocal.ledger.keys import Keys
from bifocal.ledger.ledger import Ledger, Overdue

__all__ = ["Keys", "Ledger", "Overdue"]
