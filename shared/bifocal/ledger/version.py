"""By which schema the ledger is written, so that no process takes one for its own that it would misread."""

from typing import TYPE_CHECKING

from bifocal.errors import LedgerVersionMismatch
from bifocal.ledger.keys import SCHEMA

if TYPE_CHECKING:
    import redis

#: Goes up when what the keys hold changes its meaning: a field that is read otherwise, a key of another type.
#: A key or a field that older processes may pass over does not count.
LEDGER_VERSION = 1

#: Versions that this code can go on with.
READABLE = frozenset({LEDGER_VERSION})


class LedgerVersion:
    """The version of the ledger in a Redis. A Redis that has none, new or emptied, takes ours."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def check(self) -> None:
        """Go on only if the ledger can be read; nothing but the version of a new one is written.

        Raises:
            LedgerVersionMismatch: it is written by a version that this code does not know.
            redis.RedisError: Redis is at fault.
        """
        with self._redis.pipeline(transaction=False) as together:
            together.set(SCHEMA, LEDGER_VERSION, nx=True)
            together.get(SCHEMA)
            told = together.execute()[1]
        version = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        if version not in {str(one) for one in READABLE}:
            readable = ", ".join(str(one) for one in sorted(READABLE))
            raise LedgerVersionMismatch(
                f"the ledger in Redis is of version {version!r}, and this bifocal reads {readable}; nothing "
                "was changed. Let the bifocal that wrote it finish its jobs, or go back to it, and start "
                "this one on an empty database of Redis (BIFOCAL_REDIS_URL)"
            )
