"""Units of a document as reports refer to them."""

from functools import cache

from bifocal.contracts import ShardDocument, WordRef
from bifocal_gateway.units import Units


class References:
    """Makes each reference once."""

    def __init__(self, document: ShardDocument, units: Units) -> None:
        self._document = document
        self._first, self._end = units.first.tolist(), units.end.tolist()
        self.of = cache(self._of)

    def _of(self, unit: int) -> WordRef:
        document, first, end = self._document, self._first[unit], self._end[unit]
        start, stop = document.word_starts[first], document.word_ends[end - 1]
        return WordRef(word=first, n_words=end - first, text=document.text[start:stop], start=start, end=stop)
