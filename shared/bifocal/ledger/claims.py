"""Idempotency keys: a request that is sent again, because its answer was lost, makes no second job."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bifocal.errors import IdempotencyInFlight, IdempotencyMismatch
from bifocal.ledger.keys import ACCEPTING, Keys
from bifocal.lua import Scripts

if TYPE_CHECKING:
    import redis

#: For how long a key is remembered.
REMEMBERED_S = 24 * 3600.0

#: An acceptance shows a sign of life with each shard that it writes, many times a second.
_DEAD_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An idempotency key as somebody used it.

    `fingerprint` is that of the whole request: the key means this one and no other.
    """

    owner: str
    key: str
    fingerprint: str

    @property
    def redis_key(self) -> str:
        """Its key in Redis. Of what users choose only the hash is used there."""
        return Keys.idempotency(self.owner, hashlib.sha256(self.key.encode()).hexdigest())


class Claims:
    """Idempotency keys of the last day."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self._claim = Scripts(client, "bifocal.ledger")("claim")

    def claim(self, claim: Claim, job: str) -> str | None:
        """Begin the acceptance of a job under a key; the job that was accepted under it, if there is one.

        Raises:
            IdempotencyMismatch: the key was used for another request.
            IdempotencyInFlight: the first request is still being accepted.
        """
        answer, *accepted = cast(
            list[str],
            self._claim(
                keys=[claim.redis_key, ACCEPTING],
                args=[job, claim.fingerprint, int(REMEMBERED_S * 1000), int(_DEAD_S * 1000)],
            ),
        )
        if answer == "mismatch":
            raise IdempotencyMismatch("the Idempotency-Key was used for another request; choose a new one")
        if answer == "in_flight":
            raise IdempotencyInFlight(
                "a request with this Idempotency-Key is being accepted; ask again in a moment"
            )
        return accepted[0] if accepted else None

    def release(self, claim: Claim) -> None:
        """Forget a key whose request was refused, so that it can be used for a better one."""
        self._redis.delete(claim.redis_key)
