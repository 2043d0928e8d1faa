"""GAP: a pronoun and two names in a passage of Wikipedia (Webster et al. 2018, https://arxiv.org/abs/1810.05201)."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bifocal_laboratory.corpora.lines import malformed, numbered_lines, whole_number

Gender = Literal["feminine", "masculine"]

COLUMNS = ("ID", "Text", "Pronoun", "Pronoun-offset", "A", "A-offset", "A-coref", "B", "B-offset", "B-coref")

_GENDERS: dict[str, Gender] = {
    **dict.fromkeys(("she", "her", "hers", "herself"), "feminine"),
    **dict.fromkeys(("he", "him", "his", "himself"), "masculine"),
}
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class GapItem:
    """A pronoun and two names; offsets are characters of `text`."""

    id: str
    text: str
    pronoun: str
    pronoun_offset: int
    a: str
    a_offset: int
    a_coref: bool
    """Whether the pronoun refers to `a`; it may refer to neither."""
    b: str
    b_offset: int
    b_coref: bool
    gender: Gender


def read_gap(path: Path) -> Iterator[GapItem]:
    """Items of a GAP file (tabs, with a header) in order.

    Raises:
        UnreadableCorpus: the file cannot be read, a column is missing, or an offset does not lead to
            what should stand there.
    """
    lines = numbered_lines(path)
    # Quotes are part of the texts.
    table = csv.reader((line for _, line in lines), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        header = next(table, [])
        if missing := [name for name in COLUMNS if name not in header]:
            raise malformed(path, 1, f"no column {', '.join(missing)}; a GAP file begins with its header")
        for cells in table:
            if cells:
                yield _item(path, table.line_num, header, cells)
    except csv.Error as error:
        raise malformed(path, table.line_num, str(error)) from error


def _item(path: Path, line: int, header: list[str], cells: list[str]) -> GapItem:
    if len(cells) != len(header):
        raise malformed(path, line, f"{len(header)} columns expected, {len(cells)} found")
    row = dict(zip(header, cells, strict=True))
    gender = _GENDERS.get(row["Pronoun"].lower())
    if gender is None:
        raise malformed(path, line, f"{row['Pronoun']!r} is not a pronoun that GAP asks about")
    return GapItem(
        id=row["ID"],
        text=row["Text"],
        pronoun=row["Pronoun"],
        pronoun_offset=_offset(path, line, row, "Pronoun"),
        a=row["A"],
        a_offset=_offset(path, line, row, "A"),
        a_coref=_truth(path, line, row, "A-coref"),
        b=row["B"],
        b_offset=_offset(path, line, row, "B"),
        b_coref=_truth(path, line, row, "B-coref"),
        gender=gender,
    )


def _offset(path: Path, line: int, row: dict[str, str], column: str) -> int:
    offset = whole_number(path, line, row[f"{column}-offset"], f"{column}-offset")
    if not row[column] or not row["Text"].startswith(row[column], offset):
        raise malformed(path, line, f"{row[column]!r} does not stand at {column}-offset {offset}")
    return offset


def _truth(path: Path, line: int, row: dict[str, str], column: str) -> bool:
    truth = _TRUTH.get(row[column].lower())
    if truth is None:
        raise malformed(path, line, f"{column} should be TRUE or FALSE, it is {row[column]!r}")
    return truth
