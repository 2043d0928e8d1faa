"""Files of labelled documents among the files of folders."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from bifocal.errors import UnreadableCorpus


class Suffix(StrEnum):
    """How the names of files with labelled documents end, or go on before a last part such as `.txt`."""

    TREES = ".conllu"
    COREFERENCE = ".conll"


def document_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and those of folders with labelled documents, in order of their names.

    Raises:
        UnreadableCorpus: a folder holds none.
    """
    for path in paths:
        files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if _is_labelled(f))
        if not files:
            raise UnreadableCorpus(f"{path}: no file ends in {' or '.join(Suffix)}")
        yield from files


def _is_labelled(path: Path) -> bool:
    return path.is_file() and any(suffix in path.suffixes for suffix in Suffix)
