"""Keys that an operator makes for those who call the gateway: what they look like, what is kept of them."""

from bifocal.api_keys.api_keys import ApiKey, ApiKeys, Found, KeyState, Limits
from bifocal.api_keys.form import MadeKey, read_key

__all__ = ["ApiKey", "ApiKeys", "Found", "KeyState", "Limits", "MadeKey", "read_key"]
