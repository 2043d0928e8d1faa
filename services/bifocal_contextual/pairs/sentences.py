"""Which pairs of words the kinds of a tree can hold between: those of one sentence."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

#: Words from one end to the other; longer arcs are one in a thousand, and a list of a thousand
#: words without a full stop must not cost their square.
MOST_DISTANCE_WORDS = 60


def sentence_pairs(sentence_starts: Ints, n_words: int) -> tuple[Ints, Ints]:
    """Pairs ``i < j`` of a sentence at most `MOST_DISTANCE_WORDS` apart, by i, then by j; ``(n_pairs,)``."""
    bounds = np.append(sentence_starts, n_words)
    if not len(sentence_starts) or sentence_starts[0] > 0:
        bounds = np.insert(bounds, 0, 0)
    end = np.repeat(bounds[1:], np.diff(bounds))
    words = np.arange(n_words)
    n_after = np.minimum(end - words - 1, MOST_DISTANCE_WORDS)
    i = np.repeat(words, n_after)
    step = np.arange(len(i)) - np.repeat(np.cumsum(n_after) - n_after, n_after)
    return i, i + 1 + step
