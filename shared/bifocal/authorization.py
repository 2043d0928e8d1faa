"""The key that requests carry, compared so that the time it takes tells nothing of it."""

import hashlib
import hmac

from pydantic import SecretStr


def bearer_token(authorization: str) -> str:
    """The key in an `Authorization` header; nothing if there is none in it."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def digest(secret: str) -> bytes:
    """What is compared in place of a secret: of one length, and with nothing in common when secrets have."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def matches(secret: str, expected: bytes) -> bool:
    """Whether a secret has the digest, in the same time for every secret of a length."""
    return hmac.compare_digest(digest(secret), expected)


def bears_key(authorization: str, key: SecretStr | None) -> bool:
    """Whether an `Authorization` header carries the key; True where none is configured."""
    return key is None or matches(bearer_token(authorization), digest(key.get_secret_value()))
