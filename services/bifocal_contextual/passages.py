"""Passages of texts, as long as asked for, alike many of each kind of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.text import Segmentation, Segmenter

#: Characters of a text that passages are taken from, so that long ones cost no more time.
_MOST_CHARS = 100_000

#: A passage ends with a sentence if one ends this near to the length asked for, as a share of it.
_NEAR_THE_END = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedText:
    """A text and its words."""

    text: str
    words: Segmentation

    @classmethod
    def of(cls, text: str, segmenter: Segmenter) -> "SegmentedText":
        """Find the words of a text, or of its beginning if it is long."""
        return cls(text=text[:_MOST_CHARS], words=segmenter.segment(text[:_MOST_CHARS]))

    def passage(self, first_word: int, n_words: int) -> str:
        """About `n_words` words from a word on, to the end of a sentence if one is near."""
        starts, ends = self.words.starts, self.words.ends
        past = first_word + n_words
        sentence_ends = np.append(self.words.sentence_starts, len(starts))
        sentence_ends = sentence_ends[sentence_ends > first_word]
        nearest = int(sentence_ends[np.argmin(np.abs(sentence_ends - past))])
        if abs(nearest - past) <= _NEAR_THE_END * n_words:
            past = nearest
        return self.text[starts[first_word] : ends[past - 1]]


def passages(
    kinds: Sequence[Sequence[SegmentedText]], n_words: int, *, words_of_a_kind: int
) -> Iterator[str]:
    """Passages of about `n_words` words that begin with a sentence, `words_of_a_kind` words of each kind.

    The texts of a kind are taken in turn, at a random sentence each, never twice at the same one. Texts that
    are shorter give none, so a kind of short texts may give fewer. The seed is fixed.
    """
    random = np.random.default_rng(n_words)
    for texts in kinds:
        # Sentences of each text that a passage can begin with, in random order, the last to be taken first.
        beginnings = [(text, random.permutation(_beginnings(text.words, n_words)).tolist()) for text in texts]
        left = max(1, words_of_a_kind // n_words)
        while left and any(own for _, own in beginnings):
            for text, own in beginnings:
                if left and own:
                    yield text.passage(own.pop(), n_words)
                    left -= 1


def _beginnings(words: Segmentation, n_words: int) -> npt.NDArray[np.int64]:
    return words.sentence_starts[words.sentence_starts <= len(words.starts) - n_words]
