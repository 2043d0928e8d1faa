"""Lines of a corpus file with their numbers, and the error that names both."""

from collections.abc import Iterator
from pathlib import Path

from bifocal.errors import UnreadableCorpus

#: No count in a file that anybody has is longer.
MOST_DIGITS = 18


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Line numbers from 1 and lines without their ends, one after the other; a BOM is dropped.

    Raises:
        UnreadableCorpus: the file cannot be opened, or a line is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            # Only \\n ends a line: str.splitlines would also cut at signs that stand inside of texts.
            for number, line in enumerate(file, 1):
                encoding = "utf-8-sig" if number == 1 else "utf-8"
                try:
                    yield number, line.decode(encoding).rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise malformed(path, number, "not UTF-8; convert the file first") from error
    except OSError as error:
        raise UnreadableCorpus(f"{path}: cannot be read: {error.strerror or error}") from error


def malformed(path: Path, line: int, why: str) -> UnreadableCorpus:
    """The error for a line of a file."""
    return UnreadableCorpus(f"{path}, line {line}: {why}")


def whole_number(path: Path, line: int, value: str, what: str) -> int:
    """A number of a line.

    Raises:
        UnreadableCorpus: it is none, negative, or longer than `MOST_DIGITS`.
    """
    # Python refuses to convert thousands of digits.
    if not (value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS):
        raise malformed(path, line, f"{what} should be a whole number, it is {value[:40]!r}")
    return int(value)
