"""Scripts that run in Redis, from the `.lua` files beside the code that calls them."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import redis


class Scripts:
    """The scripts of a package, to be called on one Redis."""

    def __init__(self, client: "redis.Redis", package: str) -> None:
        self._client = client
        self._folder = files(package)

    def __call__(self, name: str) -> Any:
        """The script in `NAME.lua`, to be called with `keys` and `args`; sent to Redis at its first use."""
        return self._client.register_script(self._folder.joinpath(f"{name}.lua").read_text())
