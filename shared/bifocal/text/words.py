"""Which words count as ends of a pair."""


def is_candidate(word: str) -> bool:
    """Whether a word can be an end of a candidate pair: it has a letter, a digit or a symbol of its own.

    Punctuation stays among the words, because attention goes to it, but relates nothing.
    """
    return any(character.isalnum() for character in word) or any(ord(c) >= _SYMBOLS_FROM for c in word)


#: Emoji and pictographs stand for words; the blocks before hold punctuation and technical signs.
_SYMBOLS_FROM = 0x1F000
