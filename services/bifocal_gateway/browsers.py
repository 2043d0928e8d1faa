"""What pages in a browser may not do to a gateway that asks for no key.

Any page can have its visitor's browser send requests to this machine. With a key none of them gets in, for
browsers hold no keys. Without one, three things are looked at that no page can forge:

- `Host`: a page that gives its own name this machine's address, once the browser has loaded it (DNS
  rebinding), is in the browser's eyes of one origin with the gateway, but its requests still carry that name.
- `Origin`: a page of another origin may send a POST without asking first.
- `Sec-Fetch-Site`: nor does it ask for what an `<img>` or a form can send; those carry no `Origin` always.
"""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from bifocal.errors import Forbidden
from bifocal_gateway.exposure import is_loopback

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?", re.IGNORECASE | re.ASCII)


def check_browser(headers: Headers) -> None:
    """Refuse what a page of another site may have had sent.

    Programs pass: they send the name they called, and neither of the others.

    Raises:
        Forbidden: it may have been.
    """
    host = headers.get("host", "")
    if not _is_local(host):
        raise Forbidden(
            f"this gateway asks for no key, so it answers to the names of this machine only, not to "
            f"{host[:100]!r}; call it as localhost, or set BIFOCAL_API_KEY"
        )
    origin = headers.get("origin")
    if origin is not None and not _is_local_origin(origin):
        raise Forbidden(
            "this gateway asks for no key, so it takes nothing from pages of other sites; set BIFOCAL_API_KEY"
        )
    if headers.get("sec-fetch-site", "").lower() == "cross-site":
        raise Forbidden(
            "this gateway asks for no key, so links and pages of other sites lead nowhere; open the address "
            "itself, or set BIFOCAL_API_KEY"
        )


def _is_local(host: str) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and is_loopback(found["name"].strip("[]").lower())


def _is_local_origin(origin: str) -> bool:
    # A page without an origin of its own, such as a file or what is in a sandbox, sends "null".
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _is_local(parts.netloc)
