"""Made keys in Redis.

=============================  ======  ==================================================
key                            type    holds
=============================  ======  ==================================================
``bifocal:keys``               zset    ids by time of creation, those of revoked keys too
``bifocal:key:{id}``           hash    the fields below
``bifocal:rate:{id}``          string  when the key's bucket will be full again; expires
=============================  ======  ==================================================

Fields of a key's hash; what a key does not have is empty:

``digest``
    SHA-256 of the secret. The secret itself is nowhere.
``name``, ``is_operator``, ``created_at``
    what it was called, 1 or 0, seconds.
``requests_per_minute``, ``most_waiting_shards``
    its limits.
``expires_at``, ``revoked_at``
    seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import cast

import redis

from bifocal.api_keys.form import MadeKey
from bifocal.lua import Scripts

KEYS = "bifocal:keys"
#: How long is waited for Redis to have a change on its disk.
_ON_DISK_MS = 3_000


class KeyState(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """There is no key of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a key may use; None for no limit of its own."""

    requests_per_minute: int | None = None
    """On the average; as many may come at once."""
    most_waiting_shards: int | None = None
    """Shards of its jobs that may be accepted and not merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What an operator sees of a key."""

    id: str
    name: str
    is_operator: bool
    """Whether it may do what concerns all keys, such as read the metrics."""
    limits: Limits
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> KeyState:
        """Whether it opens anything."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyState.EXPIRED
        return KeyState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a request needs to know of the key that it names."""

    digest: str
    """Of an unknown key one that no secret has."""
    state: KeyState
    is_operator: bool
    limits: Limits
    any_made: bool
    """Whether a key was ever made, and not forgotten."""


class ApiKeys:
    """Makes, finds, lists and revokes keys.

    Every method raises `redis.RedisError` when Redis is at fault.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        script = Scripts(client, "bifocal.api_keys")
        self._create = script("create")
        self._find = script("find")
        self._revoke = script("revoke")
        self._forget = script("forget")
        self._take = script("take")

    @classmethod
    def connect(cls, url: str) -> "ApiKeys":
        """Those on the Redis at `url`; connects at the first use."""
        client = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5, health_check_interval=10
        )
        return cls(client)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    # --- for operators ------------------------------------------------------------------------

    def create(
        self,
        name: str,
        *,
        limits: Limits | None = None,
        is_operator: bool = False,
        lasts_s: float | None = None,
    ) -> tuple[ApiKey, MadeKey]:
        """Make a key; the second of the two is told to whoever will use it, and cannot be had again."""
        chosen = limits or Limits()
        while True:
            made = MadeKey.random()
            created = self._create(
                keys=[_key(made.id), KEYS],
                args=[
                    made.id,
                    made.digest,
                    name,
                    int(is_operator),
                    _text(chosen.requests_per_minute),
                    _text(chosen.most_waiting_shards),
                    "" if lasts_s is None else int(lasts_s),
                ],
            )
            if created:  # else there is one of that id
                self._is_on_disk()
                return _api_key(made.id, cast(dict[str, str], self._redis.hgetall(_key(made.id)))), made

    def all(self) -> list[ApiKey]:
        """Every key, the oldest first, those that open nothing any more too."""
        names = cast(list[str], self._redis.zrange(KEYS, 0, -1))
        read = ((name, cast(dict[str, str], self._redis.hgetall(_key(name)))) for name in names)
        return [_api_key(name, fields) for name, fields in read if fields]

    def revoke(self, name: str) -> bool:
        """From now on the key opens nothing; False if there is none of that id."""
        found = bool(self._revoke(keys=[_key(name)]))
        self._is_on_disk()
        return found

    def forget(self, name: str) -> bool:
        """Revoke a key and keep nothing of it; False if there is none of that id."""
        found = bool(self._forget(keys=[_key(name), KEYS, _rate(name)], args=[name]))
        self._is_on_disk()
        return found

    def now(self) -> datetime:
        """By Redis' clock, which expiry goes by."""
        seconds, microseconds = self._redis.time()
        return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)

    def _is_on_disk(self) -> bool:
        """Wait until a change outlasts a crash of Redis; False where Redis is too old to say (before 7.2), or
        keeps nothing.

        Redis writes its file once a second: a key revoked in the second before a crash would open again.
        """
        try:
            n_local, _ = self._redis.waitaof(1, 0, _ON_DISK_MS)
        except redis.ResponseError:
            return False
        return n_local == 1

    # --- for requests -------------------------------------------------------------------------

    def find(self, name: str) -> Found:
        """What there is of a key; of an unknown one the same, which no secret fits."""
        digest, state, is_operator, per_minute, most_waiting, any_made = self._find(keys=[_key(name), KEYS])
        return Found(
            digest=digest,
            state=KeyState(state),
            is_operator=is_operator == "1",
            limits=_limits({"requests_per_minute": per_minute, "most_waiting_shards": most_waiting}),
            any_made=any_made == "1",
        )

    def any_made(self) -> bool:
        """Whether a key was ever made, and not forgotten."""
        return bool(self._redis.exists(KEYS))

    def take(self, name: str, per_minute: int) -> float:
        """Take a request out of a key's bucket; 0, or if none is in it the seconds until there is one."""
        return int(self._take(keys=[_rate(name)], args=[per_minute])) / 1e6


def _key(name: str) -> str:
    return f"bifocal:key:{name}"


def _rate(name: str) -> str:
    return f"bifocal:rate:{name}"


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _api_key(name: str, fields: Mapping[str, str]) -> ApiKey:
    return ApiKey(
        id=name,
        name=fields["name"],
        is_operator=fields["is_operator"] == "1",
        limits=_limits(fields),
        created_at=_time(fields["created_at"]),
        expires_at=_time(fields["expires_at"]) if fields["expires_at"] else None,
        revoked_at=_time(fields["revoked_at"]) if fields["revoked_at"] else None,
    )


def _limits(fields: Mapping[str, str]) -> Limits:
    found = {name: int(fields[name]) if fields[name] else None for name in Limits.__dataclass_fields__}
    return Limits(**found)


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
