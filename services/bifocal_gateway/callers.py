"""Finds out who sends a request, by the key in it."""

from starlette.datastructures import Headers

from bifocal.api_keys import ApiKeys, Found, KeyState, read_key
from bifocal.authorization import bearer_token, digest, matches
from bifocal.errors import Unauthorized
from bifocal.settings import Settings
from bifocal_gateway.browsers import check_browser
from bifocal_gateway.caller import OPERATOR, Caller
from bifocal_gateway.exposure import is_loopback

#: No key has this id.
_NOBODY = ""


class Callers:
    """Tells who sends a request.

    What is compared are digests of one length, of whatever was sent; an id that nobody has is looked up and
    compared like another. So the time of an answer tells neither how much of a key is right nor whether
    there is one of that id.
    """

    def __init__(self, settings: Settings, keys: ApiKeys) -> None:
        key = settings.api_key
        self._own = None if key is None else digest(key.get_secret_value())
        self._keys = keys
        #: Whether requests without a key are let in as long as none was made.
        self._may_be_open = key is None and is_loopback(settings.host)

    def of(self, headers: Headers) -> Caller:
        """Whoever sent a request with these headers.

        Raises:
            Unauthorized: the key is missing, wrong, revoked or expired.
            Forbidden: no key is asked for, and a page in a browser sent it.
        """
        token = bearer_token(headers.get("authorization", ""))
        if self._own is not None and matches(token, self._own):
            return OPERATOR
        made = read_key(token)
        if made is None and self._own is not None:
            raise _refused()  # whether Redis answers or not
        found = self._keys.find(made.id if made else _NOBODY)
        is_right = matches(made.secret if made else token, bytes.fromhex(found.digest))
        if made is None and self._may_be_open and not found.any_made:
            check_browser(headers)
            return OPERATOR
        if made is None or not is_right or found.state is not KeyState.ACTIVE:
            raise _refused(found if is_right else None)
        return Caller(id=made.id, is_operator=found.is_operator, limits=found.limits)

    def without_redis(self, headers: Headers) -> Caller | None:
        """Whoever may see what tells nothing of jobs while Redis cannot say which keys there are."""
        if not self._may_be_open:
            return None
        check_browser(headers)
        return OPERATOR


def _refused(found: Found | None = None) -> Unauthorized:
    """To whoever has the secret of a key, `found`, what became of it; to others nothing."""
    if found is not None and found.state in (KeyState.REVOKED, KeyState.EXPIRED):
        return Unauthorized(f"the key is {found.state}; ask the operator for another")
    return Unauthorized("send a key that opens this gateway, as `Authorization: Bearer KEY`")
