"""A text with words, sentences and mentions, and a tree for each sentence where the corpus has them."""

from dataclasses import dataclass
from enum import StrEnum

#: First and end word of a sentence; the end is exclusive.
Sentence = tuple[int, int]


class MentionKind(StrEnum):
    """What a mention's head is."""

    THIRD_PERSON_PRONOUN = "third_person_pronoun"
    OTHER_PRONOUN = "other_pronoun"
    PROPER = "proper"
    NOMINAL = "nominal"


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of words that refers to an entity; ``start <= head < end``, all word indices in the document."""

    start: int
    end: int
    """End word, exclusive."""
    head: int
    entity: str
    """Mentions of one document that share it refer to the same thing."""
    kind: MentionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedDocument:
    """One document of a corpus; ``text[starts[i]:ends[i]] == words[i]`` for every word."""

    name: str
    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    """Offset of each word in `text`, in characters."""
    ends: tuple[int, ...]
    """Offset behind each word in `text`, in characters."""
    sentences: tuple[Sentence, ...]
    """Follow on each other and cover all words."""
    mentions: tuple[Mention, ...]
    """Ordered by start, of one start the longest first."""
    heads: tuple[int, ...] | None
    """Index in the document of each word's head in the tree, -1 for a root; None without trees."""
    relations: tuple[str, ...] | None
    """Relation of each word to its head (UD's deprel); None without trees."""
    tags: tuple[str, ...] | None
    """Universal part of speech of each word; None if the corpus has none."""
    lemmas: tuple[str, ...] | None = None
    """Dictionary form of each word, `_` for one without; None if the corpus has none."""
