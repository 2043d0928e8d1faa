"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import math
from dataclasses import dataclass

from pydantic import SecretStr

from bifocal.errors import InvalidOptions

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with each of its keys: where there are two, receivers may know either."""

    _keys: tuple[bytes, ...]

    @classmethod
    def of(cls, secret: SecretStr) -> "Signer":
        """By `BIFOCAL_WEBHOOK_SECRET`.

        Raises:
            InvalidOptions: it holds no key, or one that is no key; the message does not quote it.
        """
        keys = tuple(map(_key, secret.get_secret_value().split()))
        if not keys:
            raise InvalidOptions("BIFOCAL_WEBHOOK_SECRET is empty; unset it, or give it a key")
        return cls(keys)

    def headers(self, message: str, body: bytes, *, now_s: float) -> dict[str, str]:
        """Headers of a message. Its name is the same at every try, so that receivers know it again."""
        timestamp = str(math.floor(now_s))
        signed = b".".join((message.encode(), timestamp.encode(), body))
        signatures = (hmac.digest(key, signed, hashlib.sha256) for key in self._keys)
        return {
            "webhook-id": message,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
        }


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        # Not from the error at hand, whose text may quote the key.
        raise InvalidOptions(
            f"BIFOCAL_WEBHOOK_SECRET must be {_PREFIX} and base64 of {_LEAST_BYTES} to {_MOST_BYTES} bytes; "
            "make one by: echo whsec_$(openssl rand -base64 32)"
        ) from None
    return key
