"""Some documents of a job, which stand for all of it where a transformer has no measured background."""

import hashlib
import heapq

from bifocal.contracts import Options, ShardDocument
from bifocal.models import is_measured
from bifocal.settings import Settings

#: Words of the sample together; enough for two hundred pairs at every distance.
MOST_WORDS = 8_000

#: Words of a document; of a longer one its beginning is taken.
MOST_OF_A_DOCUMENT = 1_000


class Sample:
    """Takes in documents one after the other and keeps a few, the same ones whatever their order.

    They are those whose texts' hashes come first, as many as there is room for.
    """

    def __init__(self) -> None:
        # The last hash comes first: hashes are negated, because heapq puts the smallest on top.
        self._kept: list[tuple[int, int, ShardDocument]] = []
        self._n_words = 0
        self._bound: int | None = None

    @staticmethod
    def is_wanted(settings: Settings, options: Options) -> bool:
        """Whether a model of the job may have no background of its own."""
        return not all(is_measured(settings, name, options.method) for name in options.contextual_models)

    def add(self, document: ShardDocument) -> None:
        """Take in a document."""
        number = int.from_bytes(hashlib.sha256(document.text.encode()).digest()[:8], "big")
        if self._bound is not None and number >= self._bound:
            return
        beginning = _beginning(document)
        heapq.heappush(self._kept, (-number, document.index, beginning))
        self._n_words += len(beginning.word_starts)
        while self._n_words > MOST_WORDS and self._kept:
            last, _, dropped = heapq.heappop(self._kept)
            self._n_words -= len(dropped.word_starts)
            # What comes later may not take the place of what was dropped, or the order would count.
            self._bound = -last

    def documents(self) -> list[ShardDocument]:
        """The documents kept, by their hashes."""
        return [document for _, _, document in sorted(self._kept, key=lambda kept: (-kept[0], kept[1]))]


def _beginning(document: ShardDocument) -> ShardDocument:
    n_words = MOST_OF_A_DOCUMENT
    if len(document.word_starts) <= n_words:
        return document
    ends = document.word_ends[:n_words]
    return document.model_copy(
        update={
            "text": document.text[: ends[-1]],
            "word_starts": document.word_starts[:n_words],
            "word_ends": ends,
            "sentence_starts": [start for start in document.sentence_starts if start < n_words],
            "stop_words": [word for word in document.stop_words if word < n_words],
            "terms": [],
        }
    )
