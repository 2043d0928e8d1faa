"""Which kind of relation the contextual lens finds between words, and what the joint probe needs of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairKinds:
    """Ordered pairs that probably have a kind.

    Shapes: `dependent`, `head`, `kind` and `probability` ``(n,)``; `kind` counts the names in the
    document's reading. `voices` ``(n, named, 2)``, layer and head from 1 of the loudest heads, and
    `voices_added` ``(n, named)``, what each adds to the score; ``named`` is 0 where nobody asked.
    """

    dependent: npt.NDArray[np.int32]
    head: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]
    probability: Floats
    voices: npt.NDArray[np.int32]
    voices_added: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class JointChannels:
    """The contextual side of the joint probe, for pairs of one sentence.

    Shapes: `i` and `j` ``(n,)``, i < j; `channels` ``(2, channels, n)``, first with `i` as the dependent,
    then with `j`; `words` ``(2, n_words)``, how much each word looks like a root, and like a head.
    """

    i: npt.NDArray[np.int32]
    j: npt.NDArray[np.int32]
    channels: npt.NDArray[np.float16]
    words: npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedPairs:
    """Pairs whose words were read without each other; shapes ``(n,)``, i < j."""

    i: npt.NDArray[np.int32]
    j: npt.NDArray[np.int32]
    i_without_j: Floats
    j_without_i: Floats
