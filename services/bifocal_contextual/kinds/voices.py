"""Which heads spoke for a pair: what each added to its score, above the mean of the word's candidates."""

import numpy as np
import numpy.typing as npt

from bifocal_contextual.kinds.labels import Found

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def arc_voices(found: Found, i: Ints, j: Ints, features: Floats, pair: Floats) -> Floats:
    """What each head adds to the pairs of `found` ``(n, heads)``.

    Args:
        found: arcs between sentence pairs.
        i: earlier words of the sentence pairs ``(m,)``.
        j: later words ``(m,)``.
        features: ``(2, 2, heads, m)``, by function and direction.
        pair: weights ``(2 · channels, 2 · heads)``, as in `ArcProjection`.
    """
    heads = features.shape[2]
    there, back = pair.reshape(2, -1, 2, heads).swapaxes(0, 1)[found.kind].swapaxes(0, 1)
    added = np.zeros((len(found.kind), heads), dtype=np.float32)
    for number, (dependent, head) in enumerate(zip(found.dependent, found.head, strict=True)):
        row = _row(i, j, int(dependent))
        forward = np.where(i[row] == dependent, 0, 1)
        ahead = features[:, forward, :, row]
        behind = features[:, 1 - forward, :, row]
        # A fancy index among slices comes first: (candidates, functions, heads).
        scores = (ahead * there[number] + behind * back[number]).sum(axis=1)
        chosen = np.flatnonzero(np.where(forward == 0, j[row], i[row]) == head)[0]
        added[number] = scores[chosen] - scores.mean(axis=0)
    return added


def reference_voices(found: Found, pronoun: Ints, word: Ints, added: Floats) -> Floats:
    """The same for references ``(n, heads)``; `added` ``(heads, m)`` to the scores of all reference pairs."""
    loud = np.zeros((len(found.kind), len(added)), dtype=np.float32)
    for number, (dependent, head) in enumerate(zip(found.dependent, found.head, strict=True)):
        low, high = np.searchsorted(pronoun, [dependent, dependent + 1])
        chosen = low + int(np.searchsorted(word[low:high], head))
        loud[number] = added[:, chosen] - added[:, low:high].mean(axis=1)
    return loud


def loudest(added: Floats, named: int) -> tuple[Ints, Floats]:
    """The heads that added most, and what they added, both ``(n, named)``."""
    order = np.argsort(-added, axis=1, kind="stable")[:, :named]
    return order, np.take_along_axis(added, order, axis=1)


def _row(i: Ints, j: Ints, word: int) -> Ints:
    return np.flatnonzero((i == word) | (j == word))
