"""Keeps texts of documents, keys and passwords out of log lines and spans."""

import re
import traceback
from collections.abc import Iterable
from types import TracebackType
from urllib.parse import unquote, urlsplit

from bifocal.settings import Settings

_HIDDEN = "***"
#: Of `scheme://user:password@host`, the password; also one with a slash or an @ in it.
_URL_PASSWORD = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:\"']*:)[^\s\"']*@")
#: Of a made key, the secret; the id says which key it was, and opens nothing.
_MADE_KEY = re.compile(r"(?<![A-Za-z0-9])(bf_[A-Za-z0-9]{8,12}_)[A-Za-z0-9_-]+")
_BEARER = re.compile(r"\b(bearer\s+)[^\s\"',}]+", re.IGNORECASE)

#: Families of errors whose messages are about machines. The message of any other, such as the KeyError of a
#: word or a pydantic error with its input, may quote a document.
_TELLABLE = frozenset(
    {
        "BifocalError",
        "ImportError",
        "MemoryError",
        "OSError",
        "OperationalError",
        "OutOfMemoryError",
        "RedisError",
    }
)


class Redactor:
    """Takes known secrets, passwords in URLs, bearer tokens and made keys out of a string."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, in case one is part of another.
        found = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, found))) if found else None

    @classmethod
    def of(cls, settings: Settings) -> "Redactor":
        """One that knows the secrets of these settings."""
        secrets = [settings.api_key.get_secret_value()] if settings.api_key else []
        if settings.webhook_secret:
            secrets += settings.webhook_secret.get_secret_value().split()
        for url in (settings.redis_url, settings.store_url, settings.url or ""):
            try:
                password = urlsplit(url).password or ""
            except ValueError:
                continue
            secrets += [password, unquote(password)]
        return cls(secrets)

    def __call__(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(_HIDDEN, text)
        text = _URL_PASSWORD.sub(rf"\g<1>{_HIDDEN}@", text)
        text = _MADE_KEY.sub(rf"\g<1>{_HIDDEN}", text)
        return _BEARER.sub(rf"\g<1>{_HIDDEN}", text)


def told(error: BaseException) -> str:
    """An error in words that quote no document: its type, and its message if that is about machines."""
    kind = type(error)
    if any(family.__name__ in _TELLABLE for family in kind.__mro__) and str(error):
        return f"{kind.__name__}: {error}"
    return kind.__name__


def told_in_full(error: BaseException) -> str:
    """An error with the places it passed, and those it came from, in Python's order."""
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(f"{_places(current.__traceback__)}{told(current)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nwhich led to\n".join(reversed(parts))


def _places(trace: TracebackType | None) -> str:
    """Files, lines and functions; lines of code are ours and quote no document."""
    if trace is None:
        return ""
    return "Traceback (most recent call last):\n" + "".join(traceback.format_tb(trace))
