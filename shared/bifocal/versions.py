"""Versions of libraries, for the record."""

from importlib.metadata import version


def versions(*libraries: str) -> dict[str, str]:
    """Version of each library that is installed, by its name."""
    return {name: version(name) for name in libraries}
