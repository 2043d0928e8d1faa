"""Where the terms of a list stand in a text: on whole words, in any case."""

import hashlib
from collections.abc import Iterable, Sequence

from bifocal.text.segment import Segmenter

Span = tuple[int, int]


class TermFinder:
    """Finds terms of one or of several words.

    They are split into words by the rules of the texts, so that *king's* finds *king* and *'s* one after the
    other.
    """

    def __init__(self, terms: Iterable[str], segmenter: Segmenter) -> None:
        by_first: dict[str, set[tuple[str, ...]]] = {}
        for term in terms:
            words = segmenter.segment(term)
            bounds = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
            folded = tuple(term[start:end].casefold() for start, end in bounds)
            if folded:
                by_first.setdefault(folded[0], set()).add(folded)
        self._by_first = by_first
        # Longest first, so that the first that fits is the longest.
        self._lengths = {
            first: sorted({len(term) for term in own}, reverse=True) for first, own in by_first.items()
        }
        every = "\n".join(sorted("\x1f".join(term) for own in by_first.values() for term in own))
        self.content_hash = f"sha256:{hashlib.sha256(every.encode()).hexdigest()}"
        """Of the terms as they are looked for, whatever their order and case."""

    def find(self, words: Sequence[str]) -> list[Span]:
        """First and one past the last word of each term, in order; none overlaps another.

        Of terms that overlap the one that begins first counts, and of those the longest.
        """
        folded = [word.casefold() for word in words]
        found: list[Span] = []
        place = 0
        while place < len(folded):
            length = self._longest(folded, place)
            if length:
                found.append((place, place + length))
            place += max(length, 1)
        return found

    def _longest(self, words: Sequence[str], place: int) -> int:
        first = words[place]
        for length in self._lengths.get(first, ()):
            # At the end of the text there may be fewer words.
            here = tuple(words[place : place + length])
            if here in self._by_first[first]:
                return len(here)
        return 0
