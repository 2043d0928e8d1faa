"""A document's text as it is put together from words."""

from dataclasses import dataclass, field

from bifocal_laboratory.corpora.document import Sentence


@dataclass(slots=True)
class Layout:
    """Words laid out one after the other; offsets are characters."""

    words: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)

    def add(self, word: str, *, spaced: bool) -> None:
        """Append a word, after a space if `spaced`; a sentence's first word always has one before it."""
        offset = self.ends[-1] if self.words else 0
        if self.words and (spaced or self.sentence_start == len(self.words)):
            self._parts.append(" ")
            offset += 1
        self.words.append(word)
        self.starts.append(offset)
        self.ends.append(offset + len(word))
        self._parts.append(word)

    @property
    def sentence_start(self) -> int:
        """First word of the sentence under way."""
        return self.sentences[-1][1] if self.sentences else 0

    def end_sentence(self) -> None:
        """The sentence under way is over; one without words is not counted."""
        if self.sentence_start < len(self.words):
            self.sentences.append((self.sentence_start, len(self.words)))

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)
