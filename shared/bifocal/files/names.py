"""Names that come with files: parts of ids and never paths, so nothing is opened or written under them."""

import os
from pathlib import Path


def shown_name(name: str) -> str:
    """A name as an id holds it.

    Without dots that stand for folders, which addresses of documents could not hold, and without what no
    one can see.
    """
    printable = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in name)
    parts = [part for part in printable.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    return "/".join(parts)


def name_of(path: Path) -> str:
    """A path as an id; bytes of it that are not UTF-8 are replaced, for no JSON could hold them."""
    return os.fsencode(path.as_posix()).decode("utf-8", errors="replace")
