"""The key that requests carry."""

import hmac

from pydantic import SecretStr


def bears_key(authorization: str, key: SecretStr | None) -> bool:
    """Whether an `Authorization` header carries the key, compared in constant time; True where none is
    configured."""
    if key is None:
        return True
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), key.get_secret_value().encode())
