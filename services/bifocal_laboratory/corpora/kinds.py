"""What a mention is: a pronoun of the third person, another pronoun, a name, or a noun phrase."""

from collections.abc import Sequence

from bifocal_laboratory.corpora.document import MentionKind

THIRD_PERSON = frozenset({
    "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they", "them",
    "their", "theirs", "themselves",
})  # fmt: skip

#: Counted as pronouns only when they are the whole mention: *that house* is no pronoun.
OTHER_PRONOUNS = frozenset({
    "i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "you", "your", "yours",
    "yourself", "yourselves", "thou", "thee", "thy", "thine", "thyself", "ye", "this", "that", "these",
    "those", "who", "whom", "whose", "which", "what", "whoever", "whatever", "one", "oneself", "someone",
    "somebody", "something", "anyone", "anybody", "anything", "everyone", "everybody", "everything",
    "nobody", "nothing", "none", "each", "both", "all", "other", "others", "another",
})  # fmt: skip

#: Universal and Penn tags of names, and of pronouns.
_PROPER_TAGS = frozenset({"PROPN", "NNP", "NNPS"})
_PRONOUN_TAGS = frozenset({"PRON", "PRP", "PRP$", "WP", "WP$", "EX"})


def mention_kind(
    words: Sequence[str], start: int, end: int, head: int, *, sentence_start: int, tag: str | None
) -> MentionKind:
    """Kind of the mention ``words[start:end]``.

    A pronoun of the third person is told by the head word, another one by being a single word of the
    list or tagged as a pronoun. A name is tagged as one; without tags it is capitalised and not
    the sentence's first word (so a name that begins a sentence counts as nominal). A word tagged as a
    name is never a pronoun: *US*, Stephen King's *It*.

    Args:
        words: all words of the document.
        start: first word of the mention.
        end: end word, exclusive.
        head: index of the head word.
        sentence_start: first word of the head's sentence.
        tag: part of speech of the head, Universal or Penn; None if unknown.
    """
    word = words[head].lower()
    if tag in _PROPER_TAGS:
        return MentionKind.PROPER
    if word in THIRD_PERSON:
        return MentionKind.THIRD_PERSON_PRONOUN
    if end - start == 1 and (word in OTHER_PRONOUNS or tag in _PRONOUN_TAGS):
        return MentionKind.OTHER_PRONOUN
    if tag is None and words[head][:1].isupper() and not _begins(words, head, sentence_start):
        return MentionKind.PROPER
    return MentionKind.NOMINAL


def _begins(words: Sequence[str], index: int, sentence_start: int) -> bool:
    """Whether nothing but punctuation stands before a word in its sentence."""
    return not any(any(map(str.isalnum, word)) for word in words[sentence_start:index])
