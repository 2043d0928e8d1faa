"""Sentences of one length as the tensors that probes take."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
import torch

from bifocal_contextual.catalogue.arcs import buckets, candidates, pair_features, special_features
from bifocal_laboratory.dependencies.features import SentenceBlock
from bifocal_laboratory.dependencies.kinds import KINDS, kind_of

#: What a punctuation mark counts in fitting, beside a word.
PUNCTUATION, PUNCTUATION_WEIGHT = "punct", 0.5


@dataclass(frozen=True, kw_only=True)
class SentenceBatch:
    """Sentences of n words.

    Shapes: `vectors` ``(batch, n, size)``; `known`, `heads` (n for a root), `kinds` and `counts`, how
    much each word counts, ``(batch, n)``.
    """

    blocks: Sequence[SentenceBlock]
    vectors: torch.Tensor
    known: torch.Tensor
    heads: torch.Tensor
    kinds: torch.Tensor
    counts: torch.Tensor

    @classmethod
    def of(cls, blocks: Sequence[SentenceBlock]) -> "SentenceBatch":
        """Sentences of equal length."""
        relations = [block.relations for block in blocks]
        return cls(
            blocks=blocks,
            vectors=torch.from_numpy(np.stack([b.vectors for b in blocks])),
            known=torch.from_numpy(np.stack([b.known for b in blocks])),
            heads=torch.from_numpy(np.stack([b.heads for b in blocks])),
            kinds=torch.tensor([[KINDS.index(kind_of(r)) for r in row] for row in relations]),
            counts=torch.tensor(
                [[PUNCTUATION_WEIGHT if r == PUNCTUATION else 1.0 for r in row] for row in relations]
            ),
        )

    @property
    def n(self) -> int:
        """Words of each sentence."""
        return self.heads.shape[1]

    @cached_property
    def features(self) -> torch.Tensor:
        """Of all pairs ``(batch, n, n, 2 · n_heads)``."""
        return torch.from_numpy(pair_features(np.stack([b.weights for b in self.blocks], dtype=np.float32)))

    @cached_property
    def special_features(self) -> torch.Tensor:
        """Of all words ``(batch, n, 4 · n_heads)``."""
        return torch.from_numpy(
            special_features(np.stack([b.specials for b in self.blocks], dtype=np.float32))
        )

    @cached_property
    def offsets(self) -> torch.Tensor:
        """From dependent (first axis) to head ``(n, n)``."""
        place = torch.arange(self.n)
        return place - place[:, None]

    @cached_property
    def buckets(self) -> torch.Tensor:
        """Bucket of each offset ``(n, n)``."""
        return torch.from_numpy(buckets(self.offsets.numpy()))

    @cached_property
    def allowed(self) -> torch.Tensor:
        """Pairs that are candidates ``(n, n)``."""
        return torch.from_numpy(candidates(self.offsets.numpy()))

    @property
    def fitted(self) -> torch.Tensor:
        """What each word counts in fitting ``(batch, n)``; nothing where its head is no candidate."""
        candidate = torch.from_numpy(candidates((self.heads - torch.arange(self.n)).numpy()))
        return self.counts * (self.is_root | candidate)

    @property
    def is_root(self) -> torch.Tensor:
        """``(batch, n)``."""
        return self.heads == self.n


def in_batches(
    blocks: Sequence[SentenceBlock], pairs: int, generator: np.random.Generator
) -> Iterator[SentenceBatch]:
    """All sentences in batches of equal length and about as many pairs of words, shuffled."""
    by_length: dict[int, list[SentenceBlock]] = {}
    for number in generator.permutation(len(blocks)):
        by_length.setdefault(len(blocks[number]), []).append(blocks[number])
    groups = [
        same[start : start + _sentences(n, pairs)]
        for n, same in sorted(by_length.items())
        for start in range(0, len(same), _sentences(n, pairs))
    ]
    for number in generator.permutation(len(groups)):
        yield SentenceBatch.of(groups[number])


def count_batches(blocks: Sequence[SentenceBlock], pairs: int) -> int:
    """How many batches `in_batches` gives."""
    lengths = Counter(len(block) for block in blocks)
    return sum(ceil(count / _sentences(n, pairs)) for n, count in lengths.items())


def _sentences(n: int, pairs: int) -> int:
    return max(1, pairs // n**2)
