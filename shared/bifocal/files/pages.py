"""Pages as they were set become running text: no page numbers, no words in two halves."""

import re
from collections import Counter
from collections.abc import Sequence

#: Pages from which on, and share of them on which, a line at the top or bottom is no part of the text.
_LEAST_PAGES, _SHARE_OF_PAGES = 4, 0.5

_DIGITS = re.compile(r"\d+")
_NUMBER_ALONE = re.compile(r"[-–— ]*(?:\d{1,4}|[ivxlc]{1,7})[-–— ]*")
_HALVES = re.compile(r"(?<=[^\W\d_])(-|\u2010|\u00ad)[ \t]*\n[ \t]*(?=[^\W\d_])")
_WORD_BEFORE, _WORD_AFTER = re.compile(r"[^\W\d_]+$"), re.compile(r"[^\W\d_]+")
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_UNWANTED = str.maketrans({**_LIGATURES, "\x00": " "})


def text_of_pages(pages: Sequence[str]) -> str:
    """The text of pages, a blank line after each."""
    cleaned = [page.translate(_UNWANTED).encode("utf-8", "replace").decode() for page in pages]
    bodies = ["\n".join(lines).strip() for lines in _without_running_lines(cleaned)]
    return _words_joined("\n\n".join(filter(None, bodies)))


def _without_running_lines(pages: Sequence[str]) -> list[list[str]]:
    """Lines of each page, less heads, feet and numbers that come on most pages."""
    lines = [page.strip().splitlines() for page in pages]
    if len(pages) < _LEAST_PAGES:
        return lines
    for edge in (0, -1):
        kinds = Counter(_kind(page[edge]) for page in lines if page)
        running = {kind for kind, n in kinds.items() if n >= _SHARE_OF_PAGES * len(pages)}
        lines = [
            (page[1:] if edge == 0 else page[:-1]) if page and _kind(page[edge]) in running else page
            for page in lines
        ]
    return lines


def _kind(line: str) -> str:
    """Lines that differ in their numbers only are of one kind."""
    stripped = line.strip()
    return "#" if _NUMBER_ALONE.fullmatch(stripped) else _DIGITS.sub("#", stripped)


def _words_joined(text: str) -> str:
    """Words that were divided at the end of a line.

    A hyphen stays where the text has the same word with one elsewhere, or where what follows is a name.
    """
    with_hyphen = set(re.findall(r"[^\W\d_]+-[^\W\d_]+", text))

    def join(match: re.Match[str]) -> str:
        before = _WORD_BEFORE.search(text, max(0, match.start() - 60), match.start())
        after = _WORD_AFTER.match(text, match.end())
        if before is None or after is None or match[1] == "\u00ad":
            return ""
        stays = f"{before[0]}-{after[0]}" in with_hyphen or not after[0][0].islower()
        return "-" if stays else ""

    return _HALVES.sub(join, text)
