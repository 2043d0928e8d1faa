"""Units of a document as reports refer to them."""

from functools import cache

from bifocal.contracts import ShardDocument, WordRef
from bifocal_gateway.merge.figures import Row
from bifocal_gateway.units import Units


class References:
    """Makes each reference once."""

    def __init__(self, document: ShardDocument, units: Units) -> None:
        self._document = document
        self._first, self._end = units.first.tolist(), units.end.tolist()
        self.row = cache(self._row)

    def of(self, unit: int) -> WordRef:
        """The reference to a unit."""
        return WordRef.model_validate(self.row(unit))

    def _row(self, unit: int) -> Row:
        """Fields of a `WordRef`; `row` is the same, and makes each once."""
        document, first, end = self._document, self._first[unit], self._end[unit]
        start, stop = document.word_starts[first], document.word_ends[end - 1]
        text = document.text[start:stop]
        return {"word": first, "n_words": end - first, "text": text, "start": start, "end": stop}
