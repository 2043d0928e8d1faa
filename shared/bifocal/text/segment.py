"""Words and sentences with character offsets, by spaCy's tokenizer and sentencizer.

spaCy splits as the treebanks and GloVe's corpus do (*does* + *n't*, *king* + *'s*).
Two cases are ours, both in `fallback_spans`: scripts written without spaces, and long runs
without white space or of punctuation, on which spaCy's affix rules take quadratic time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from bifocal.errors import UnknownLanguage

#: From this many characters without white space on, `fallback_spans` splits instead of spaCy;
#: and from this many signs of punctuation in a row, which spaCy would peel off one by one.
LONG_RUN_CHARS, LONG_RUN_SIGNS = 300, 20

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_HAS_UNSPACED = regex.compile(rf"[{_UNSPACED}]")
_SLOW_FOR_SPACY = regex.compile(rf"\S{{{LONG_RUN_CHARS}}}|[^\w\s]{{{LONG_RUN_SIGNS}}}")
_SPACE = regex.compile(r"\s")
_FALLBACK = regex.compile(
    rf"\p{{Katakana}}[\p{{Katakana}}ー]*|[{_UNSPACED}][\p{{M}}]*"
    rf"|[[\w]--[{_UNSPACED}]]{{1,{LONG_RUN_CHARS}}}|([^\s\w])\1+|[^\s]\p{{M}}*",
    regex.V1,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Words of one text. Offsets are code points; words never overlap and hold no white space at their ends.

    Shapes: `starts` and `ends` ``(n_words,)`` int64; `sentence_starts` ``(n_sentences,)`` int64,
    the word with which each sentence begins; `stop_words` ``(n_stop_words,)`` int64, the words that
    carry grammar rather than content (*the*, *of*), by spaCy's list for the language.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    sentence_starts: npt.NDArray[np.int64]
    stop_words: npt.NDArray[np.int64]


@dataclass(slots=True)
class _Found:
    """Words of a text so far."""

    spans: list[Span] = field(default_factory=list)
    sentence_starts: list[int] = field(default_factory=list)
    stop_words: list[int] = field(default_factory=list)


def fallback_spans(text: str) -> list[Span]:
    """Words of a text without usable spaces, in linear time.

    A run of Katakana is a word, and so is a run of letters and digits of any spaced script;
    in the other unspaced scripts every character with its marks is one (so words of several
    characters are not found there), and so is every other sign, repeated or not.
    """
    return [match.span() for match in _FALLBACK.finditer(text)]


def _slow_runs(text: str) -> Iterator[Span]:
    """Runs without white space that `fallback_spans` has to split, in order."""
    position = 0
    while (found := _SLOW_FOR_SPACY.search(text, position)) is not None:
        start = found.start()
        while start > position and not text[start - 1].isspace():
            start -= 1
        space = _SPACE.search(text, found.end())
        position = space.start() if space is not None else len(text)
        yield start, position


class Segmenter:
    """Finds the words of texts in one language.

    Raises:
        UnknownLanguage: spaCy has no rules for `language`, or needs another package for them.
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._pipeline = _pipeline(language)

    def segment(self, text: str) -> Segmentation:
        """Words and sentences of `text`, which `checked_text` has let through."""
        found = _Found()
        position = 0
        for start, end in _slow_runs(text):
            self._spaced(text, position, start, found)
            found.sentence_starts.append(len(found.spans))
            found.spans.extend((start + s, start + e) for s, e in fallback_spans(text[start:end]))
            position = end
        self._spaced(text, position, len(text), found)
        bounds = np.array(found.spans, dtype=np.int64).reshape(-1, 2)
        starts = sorted({start for start in found.sentence_starts if start < len(found.spans)})
        return Segmentation(
            starts=bounds[:, 0].copy(),
            ends=bounds[:, 1].copy(),
            sentence_starts=np.array(starts, dtype=np.int64),
            stop_words=np.array(found.stop_words, dtype=np.int64),
        )

    def _spaced(self, text: str, start: int, end: int, found: _Found) -> None:
        """Append the words of `text[start:end]` by spaCy's rules."""
        if not text[start:end].strip():
            return
        # Trailing white space is left in: spaCy makes it a token, which is dropped here.
        for token in self._pipeline(text[start:end]):
            if token.is_sent_start:
                found.sentence_starts.append(len(found.spans))
            if token.is_space:
                continue
            offset = start + token.idx
            if _HAS_UNSPACED.search(token.text):
                found.spans.extend((offset + s, offset + e) for s, e in fallback_spans(token.text))
                continue
            if token.is_stop:
                found.stop_words.append(len(found.spans))
            found.spans.append((offset, offset + len(token.text)))


@cache
def _pipeline(language: str) -> Any:
    # Imported here: only the gateway splits texts, and the import takes most of a second.
    import spacy

    try:
        pipeline = spacy.blank(language)
    except Exception as error:  # spaCy raises whatever the language's own package raises
        raise UnknownLanguage(
            f"there are no word rules for language {language!r}; use an ISO 639 code that spaCy "
            "supports without further packages, or 'xx' for none in particular"
        ) from error
    pipeline.add_pipe("sentencizer")
    # Its bound is on memory of statistical models, of which there are none; ours is on bytes.
    pipeline.max_length = 1 << 40
    return pipeline
