"""Where the gateway is, and how it is spoken to."""

from dataclasses import dataclass

import httpx

from bifocal import __version__
from bifocal.settings import settings

#: A machine that is there answers sooner; one that is not would otherwise be waited for as for a long answer.
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What both clients are set up with."""

    url: str
    headers: dict[str, str]
    timeout: httpx.Timeout
    retry_for_s: float

    @classmethod
    def of(
        cls, url: str | None, api_key: str | None, timeout_s: float, retry_for_s: float | None
    ) -> "Connection":
        """By what was given, else by the settings, else this machine's gateway."""
        configured = settings().api_key
        key = api_key or (configured.get_secret_value() if configured else None)
        headers = {"User-Agent": f"bifocal/{__version__}"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        return cls(
            url=url or settings().url or "http://127.0.0.1:8420",
            headers=headers,
            retry_for_s=settings().client_retry_for_s if retry_for_s is None else retry_for_s,
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)),
        )
