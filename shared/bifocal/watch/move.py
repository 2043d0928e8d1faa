"""Moves a file out of the watched folder; done again after a death, it changes nothing more."""

import hashlib
import os
import shutil
from contextlib import suppress
from errno import EXDEV
from pathlib import Path

from bifocal.watch.folders import Stamp
from bifocal.watch.source import Source


def move_source(source: Source, watched: Path, target_folder: Path) -> None:
    """Move a file, if it is still there as it was read.

    It keeps its path below the folder. Where another file lies there, its hash comes into its name: nothing
    is written over.
    """
    if not source.lies_in(watched):
        # Moved before a death, removed by its owner, or written anew and so a file still to come.
        return
    here = watched / source.path
    target = target_folder / source.path
    if target.exists() and not _holds(target, source):
        target = target_folder / source.hashed_path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        here.replace(target)
    except OSError as error:
        if error.errno != EXDEV:
            raise
        _move_across(here, target)
        return
    if Stamp.of(target) != source.stamp and not here.exists():
        # A newer file came in this very moment, and is still to be compared.
        target.replace(here)


def _move_across(here: Path, target: Path) -> None:
    """Move to another disk: a whole copy first, so that a death in between leaves two files, never none."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.copy2(here, unfinished)
    with unfinished.open("rb") as copied:
        os.fsync(copied.fileno())
    unfinished.replace(target)
    with suppress(FileNotFoundError):
        here.unlink()


def _holds(path: Path, source: Source) -> bool:
    if not path.is_file() or path.stat().st_size != source.stamp.size_bytes:
        return False
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest() == source.sha256
