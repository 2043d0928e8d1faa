"""The Python clients of a gateway, for code that waits and for code that awaits.

What they ask, how they read the answers and when they try again is written once, without any sending:
`requests`, `upload`, `results`, `looks`, `faults`, `retries`. `sync` and `asynchronous` do that.
"""

from bifocal.client.asynchronous import AsyncClient
from bifocal.client.sync import Client

__all__ = ["AsyncClient", "Client"]
