"""What a key looks like: ``bf_<id>_<secret>``.

The id is public and names the key in lists and log lines; the secret is shown once, to whoever makes the key.
"""

import re
import secrets
from dataclasses import dataclass, field

from bifocal.authorization import digest

#: Letters and digits that cannot be taken for one another (RFC 4648's base32, in lower case).
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 10
#: Bytes of randomness in a secret; 43 characters.
_SECRET_BYTES = 32

_ID = rf"[a-z2-7]{{{_ID_LENGTH}}}"
_MADE = re.compile(rf"bf_(?P<id>{_ID})_(?P<secret>[A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key in full."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def random(cls) -> "MadeKey":
        """A new one."""
        name = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
        return cls(id=name, secret=secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def token(self) -> str:
        """As it is sent."""
        return f"bf_{self.id}_{self.secret}"

    @property
    def digest(self) -> str:
        """What is kept of it, SHA-256 in hexadecimal.

        A slow hash, as passwords need, would win nothing: a secret is 256 random bits, which nobody guesses
        however fast guesses can be checked, and would have every request wait for it.
        """
        return digest(self.secret).hex()


def read_key(token: str) -> MadeKey | None:
    """The key that a token is, by its form alone; None if it is something else."""
    found = _MADE.fullmatch(token)
    return None if found is None else MadeKey(id=found["id"], secret=found["secret"])


def read_id(text: str) -> str | None:
    """The id in a text that is one, or is a whole key."""
    made = read_key(text)
    return made.id if made else text if re.fullmatch(_ID, text) else None
