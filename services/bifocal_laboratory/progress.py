"""How a long measurement tells where it is."""

from collections.abc import Callable

#: Takes a line that says what is being done.
Say = Callable[[str], None]
