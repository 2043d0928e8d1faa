"""Running text from pieces: white space as a reader sees it, lines and paragraphs where a block ends."""

import re

_SPACE = re.compile(r"[ \t\n\r\f\v]+")


class Flow:
    """Takes in text and breaks; holds what a page would show."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._line_feeds = 0
        self._space = False

    def text(self, piece: str, *, as_it_is: bool = False) -> None:
        """Add text; runs of white space are one space, unless they are wanted as they are."""
        if as_it_is:
            self._put(piece)
            return
        shown = _SPACE.sub(" ", piece)
        if shown.startswith(" "):
            self._space = True
        if shown.strip(" "):
            self._put(shown.strip(" "))
            self._space = shown.endswith(" ")

    def line(self) -> None:
        """End the line, if there is anything on it."""
        self._line_feeds = max(self._line_feeds, 1)

    def paragraph(self) -> None:
        """End the paragraph."""
        self._line_feeds = 2

    def whole(self) -> str:
        """All of it."""
        return "".join(self._parts)

    def _put(self, piece: str) -> None:
        if not piece:
            return
        if self._parts:
            if self._line_feeds:
                self._parts.append("\n" * self._line_feeds)
            elif self._space:
                self._parts.append(" ")
        self._line_feeds, self._space = 0, False
        self._parts.append(piece)
