"""What the words themselves say of a pair of mentions: sameness, distance, kind and number."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from bifocal_laboratory.corpora import Mention, MentionKind

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: Features of a pair of mentions, in order.
STRING_FEATURES = (
    "same_head", "same_string", "head_in_other", "new_modifier", "plural_differs", "nested", "adjacent",
    "indefinite", "log_distance", "log_mentions_between", "log_repeated", "follows", "same_pronoun",
    "other_pronoun", "antecedent_third_person", "antecedent_other_pronoun", "antecedent_proper",
    "antecedent_nominal",
)  # fmt: skip

_PRONOUNS = (
    "i me my mine myself", "you your yours yourself yourselves thou thee thy thine", "he him his himself",
    "she her hers herself", "it its itself", "we us our ours ourselves",
    "they them their theirs themselves", "who whom whose",
)  # fmt: skip
_CLASS = {word: number for number, words in enumerate(_PRONOUNS) for word in words.split()}
_SMALL = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "his", "her", "its", "their", "my", "your", "our",
    "'s", "’s", ",", "of",
})  # fmt: skip
_INDEFINITE = frozenset(("a", "an", "some", "any", "no", "every", "each"))
_KINDS = (
    MentionKind.THIRD_PERSON_PRONOUN, MentionKind.OTHER_PRONOUN, MentionKind.PROPER, MentionKind.NOMINAL,
)  # fmt: skip


def string_features(words: Sequence[str], mentions: Sequence[Mention], pairs: Ints) -> Floats:
    """Features of the pairs ``(n_pairs, 2)`` of anaphor and antecedent, as in `STRING_FEATURES`.

    Distances are logarithms of the words, or mentions, between the heads, less where the antecedent
    follows; `log_repeated` counts the mentions before the anaphor with the antecedent's head word.

    Returns:
        ``(n_pairs, len(STRING_FEATURES))`` float32.
    """
    lower = [word.lower() for word in words]
    spans = [tuple(lower[m.start : m.end]) for m in mentions]
    heads = [lower[m.head] for m in mentions]
    places: dict[str, list[int]] = {}
    for number, head in enumerate(heads):
        places.setdefault(head, []).append(number)
    values = np.zeros((len(pairs), len(STRING_FEATURES)), dtype=np.float32)
    for row, (i, j) in enumerate(pairs.tolist()):
        a, b = mentions[i], mentions[j]
        same_head = heads[i] == heads[j]
        first, second = _CLASS.get(heads[i]), _CLASS.get(heads[j])
        both = first is not None and second is not None
        gap = max(a.start, b.start) - min(a.end, b.end)
        values[row, :14] = (
            same_head,
            spans[i] == spans[j],
            not same_head and (heads[i] in spans[j] or heads[j] in spans[i]),
            same_head and any(word not in spans[j] and word not in _SMALL for word in spans[i]),
            _plural(heads[i]) != _plural(heads[j]),
            gap < 0,
            0 <= gap <= 1,
            spans[j][0] in _INDEFINITE,
            np.log1p(abs(a.head - b.head)) / 2,
            np.log1p(abs(i - j)) / 2,
            np.log1p(sum(k < i for k in places[heads[j]])) / 2,
            b.head > a.head,
            both and first == second,
            both and first != second,
        )
        values[row, 14 + _KINDS.index(b.kind)] = 1
    return values


@cache
def _plural(word: str) -> bool:
    return word in {"they", "them", "their", "we", "us", "our", "these", "those", "people", "men"} or (
        len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "’s", "'s"))
    )
