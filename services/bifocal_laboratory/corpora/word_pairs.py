"""Word pairs with people's ratings: WordSim-353, SimLex-999, RG-65, MC-30 and their like.

A pair a line, with tabs, commas or spaces between the columns, as the first line that is no comment
has them. Lines that begin with `#` are comments.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora.lines import malformed, numbered_lines

#: Names, in lower case, that the sets themselves give to the column of mean ratings.
RATING_COLUMNS = ("simlex999", "human (mean)")

_HEADER_WORD = re.compile(r"w(?:ord)?[ _-]?[12ab]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WordPair:
    """Two words and how near people find them; scales differ between sets."""

    a: str
    b: str
    rating: float


def read_word_pairs(path: Path, *, rating: str | None = None) -> list[WordPair]:
    """Pairs of a file in order.

    The rating stands in the column named `rating`; otherwise in the one of `RATING_COLUMNS` that the
    header names, otherwise in the last.

    Raises:
        UnreadableCorpus: the file cannot be read, holds no pair, has no column of that name, or a line
            has no two words or no rating.
    """
    pairs: list[WordPair] = []
    separator: str | None = None
    column: int | None = None
    for number, line in numbered_lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        if column is None:
            separator = next((sign for sign in "\t," if sign in line), None)
            cells = _cells(line, separator)
            is_header = _is_header(cells)
            column = _rating_column(path, number, cells if is_header else [], rating)
            if is_header:
                continue
        pairs.append(_pair(path, number, _cells(line, separator), column))
    if not pairs:
        raise UnreadableCorpus(f"{path}: holds no word pair")
    return pairs


def _cells(line: str, separator: str | None) -> list[str]:
    return [cell.strip() for cell in line.strip("\r\n ").split(separator)]


def _is_header(cells: Sequence[str]) -> bool:
    """Whether the first line names columns: it ends in no number, or its columns are called words."""
    return _number(cells[-1]) is None or all(_HEADER_WORD.fullmatch(cell) for cell in cells[:2])


def _rating_column(path: Path, line: int, header: Sequence[str], rating: str | None) -> int:
    names = [name.lower() for name in header]
    if rating is not None:
        if rating.lower() not in names:
            raise malformed(path, line, f"the header names no column {rating!r}")
        return names.index(rating.lower())
    return next((names.index(name) for name in RATING_COLUMNS if name in names), -1)


def _pair(path: Path, line: int, cells: Sequence[str], column: int) -> WordPair:
    if len(cells) < max(3, column + 1) or not cells[0] or not cells[1]:
        raise malformed(path, line, "two words and a rating expected")
    rating = _number(cells[column])
    if rating is None:
        raise malformed(path, line, f"the rating should be a number, it is {cells[column]!r}")
    return WordPair(cells[0], cells[1], rating)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
