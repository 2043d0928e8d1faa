"""Which words count as ends of a pair, and which of them are terms."""


def is_candidate(word: str) -> bool:
    """Whether a word can be an end of a candidate pair: it has a letter, a digit or a symbol of its own.

    Punctuation stays among the words, because attention goes to it, but relates nothing.
    """
    return any(character.isalnum() for character in word) or any(ord(c) >= _SYMBOLS_FROM for c in word)


def is_term(word: str) -> bool:
    """Whether a word can be a term of a batch report: a candidate that is more than a number.

    Words that carry grammar (`Segmentation.stop_words`) are none either, which only their language tells.
    """
    return any(character.isalpha() or ord(character) >= _SYMBOLS_FROM for character in word)


#: Emoji and pictographs stand for words; the blocks before hold punctuation and technical signs.
_SYMBOLS_FROM = 0x1F000
