"""The probes of word-to-word dependencies as torch modules.

The contextual probe is the attention-and-words probe of Clark et al. 2019 (section 5,
https://arxiv.org/abs/1906.04341) without the words: each kind of relation is a linear function of all
heads' weights in both directions, and all kinds and heads of a word share one softmax. The static
part is a deep biaffine parser's (Dozat & Manning 2017, https://arxiv.org/abs/1611.01734) on vectors
that know no context. The joint probe adds the two and lets the words gate some of the channels.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from bifocal_contextual.catalogue.arcs import N_BUCKETS, N_FEATURES, N_SPECIAL_WAYS
from bifocal_laboratory.dependencies.batches import SentenceBatch

#: The joint probe's channels that compete, those that words gate, its bilinear part and hidden layer.
N_MIXED, N_GATED, BILINEAR, HIDDEN = 16, 8, 48, 256
#: What the static probe has by itself, to be as good as it can.
STATIC_BILINEAR, STATIC_RECTIFIED, STATIC_HIDDEN = 64, 16, 192

#: Vectors alone overfit little, beside attention a little more.
_STATIC_DROPOUT, _DROPOUT = 0.03, 0.15
#: Share of words that are taken for unknown while fitting the joint probe, so that it learns to go by
#: attention where vectors say nothing.
_WORD_DROPOUT = 0.05
_IMPOSSIBLE = -1e9


class Channels(nn.Module):
    """Linear functions of the heads' weights between two words in both directions, and at the specials."""

    def __init__(self, n_heads: int, n_channels: int, n_special: int) -> None:
        super().__init__()
        self.pair = nn.Parameter(torch.zeros(N_FEATURES * n_heads, 2 * n_channels))
        self.special = nn.Parameter(torch.zeros(N_SPECIAL_WAYS * n_heads, n_special))

    def forward(self, batch: SentenceBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Channels ``(batch, n, n, n_channels)``, dependent first, and ``(batch, n, n_special)``."""
        forward, backward = (batch.features @ self.pair).chunk(2, dim=-1)
        return forward + backward.transpose(1, 2), batch.special_features @ self.special


class HeadProbe(nn.Module, ABC):
    """A probe of the heads of words."""

    #: Weight decay while it is fitted.
    decay: ClassVar[float] = 0.03

    @abstractmethod
    def forward(self, batch: SentenceBatch) -> torch.Tensor:
        """Log-probability of heads ``(batch, n, n + 1)``; the root comes last."""

    def loss(self, batch: SentenceBatch) -> torch.Tensor:
        """Cross-entropy of what is fitted, by word ``(batch, n)``."""
        found: torch.Tensor = self(batch)
        return -found.gather(-1, batch.heads[..., None])[..., 0]


class ContextualProbe(HeadProbe):
    """Kinds and heads from attention and distance alone; all kinds with all heads, and the root, compete."""

    def __init__(self, n_heads: int, n_kinds: int) -> None:
        super().__init__()
        self.channels = Channels(n_heads, n_kinds, 2)
        self.distance = nn.Parameter(torch.zeros(N_BUCKETS, n_kinds))

    def scores(self, batch: SentenceBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of heads ``(batch, n, n, n_kinds)`` and of being a root ``(batch, n)``."""
        pair, special = self.channels(batch)
        scores = pair + self.distance[batch.buckets] + special[:, None, :, 1, None]
        return scores.masked_fill(~batch.allowed[..., None], _IMPOSSIBLE), special[..., 0]

    def forward(self, batch: SentenceBatch) -> torch.Tensor:
        """As `HeadProbe` says, whatever the kind."""
        scores, root = self.scores(batch)
        return torch.cat([scores.logsumexp(-1), root[..., None]], -1).log_softmax(-1)

    def loss(self, batch: SentenceBatch, temperature: float = 1.0) -> torch.Tensor:
        """Cross-entropy of head and kind together, by word ``(batch, n)``."""
        scores, root = self.scores(batch)
        n, n_kinds = scores.shape[2:]
        every = (torch.cat([scores.flatten(-2), root[..., None]], -1) / temperature).log_softmax(-1)
        arc = batch.heads.clamp(max=n - 1) * n_kinds + batch.kinds
        target = torch.where(batch.is_root, every.shape[-1] - 1, arc)
        return -every.gather(-1, target[..., None])[..., 0]


class Roles(nn.Module):
    """What a word's vector says of it as a dependent and as a head."""

    def __init__(
        self, size: int, hidden: int, sizes: tuple[int, ...], *, dropout: float, word_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.sizes = (*sizes, N_BUCKETS, 1)
        #: Makes a unit vector's numbers about one in size.
        self.scale = size**0.5
        self.unknown = nn.Parameter(torch.zeros(size))
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(size, hidden)
        self.dependent, self.head = (nn.Linear(hidden, sum(self.sizes)) for _ in range(2))

    def forward(self, batch: SentenceBatch) -> list[tuple[torch.Tensor, ...]]:
        """As a dependent and as a head, cut into `sizes`, buckets and one: ``(batch, n, size)`` each."""
        known = batch.known
        if self.training and self.word_dropout:
            known = known & (torch.rand(known.shape) >= self.word_dropout)
        vectors = torch.where(known[..., None], batch.vectors, self.unknown)
        hidden = self.dropout(self.hidden(self.dropout(vectors * self.scale)).relu())
        return [role(hidden).split(self.sizes, -1) for role in (self.dependent, self.head)]


def _placed(dependent: torch.Tensor, head: torch.Tensor, batch: SentenceBatch) -> torch.Tensor:
    """How much words want a head, and heads dependents, at their distance ``(batch, n, n)``."""
    shape = (len(dependent), batch.n, batch.n)
    wanted = dependent.gather(2, batch.buckets.expand(shape))
    return wanted + head.gather(2, batch.buckets.T.expand(shape)).transpose(1, 2)


def _bilinear(
    dependent: Sequence[torch.Tensor], head: Sequence[torch.Tensor], batch: SentenceBatch
) -> torch.Tensor:
    """How well words go together ``(batch, n, n)``, by one form for heads before and one for those behind."""
    before, behind = (
        s @ t.transpose(1, 2) / s.shape[-1] ** 0.5 for s, t in zip(dependent, head, strict=True)
    )
    return torch.where(batch.offsets < 0, before, behind)


class StaticProbe(HeadProbe):
    """Heads from vectors and distance alone, by a bilinear form and a layer of rectifiers over pairs."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.roles = Roles(
            size, STATIC_HIDDEN, (STATIC_BILINEAR, STATIC_BILINEAR, STATIC_RECTIFIED), dropout=_STATIC_DROPOUT
        )
        self.rectified = nn.Parameter(torch.randn(STATIC_RECTIFIED) / STATIC_RECTIFIED**0.5)

    def forward(self, batch: SentenceBatch) -> torch.Tensor:
        """As `HeadProbe` says."""
        (*s, left, near, root), (*t, right, near_head, head) = self.roles(batch)
        pair = _bilinear(s, t, batch) + head.transpose(1, 2) + _placed(near, near_head, batch)
        pair = pair + (left[:, :, None] + right[:, None]).relu() @ self.rectified
        return torch.cat([pair.masked_fill(~batch.allowed, _IMPOSSIBLE), root], -1).log_softmax(-1)


class JointProbe(HeadProbe):
    """Heads from vectors and attention together.

    Some channels compete: as with kinds, a word's head is sought by any of them, and its vector says by
    which. The others count as often as the words' gates say.
    """

    decay = 0.1

    def __init__(self, size: int, n_heads: int) -> None:
        super().__init__()
        self.channels = Channels(n_heads, N_MIXED + N_GATED, 2)
        self.roles = Roles(
            size,
            HIDDEN,
            (BILINEAR, BILINEAR, N_MIXED, N_GATED, N_GATED),
            dropout=_DROPOUT,
            word_dropout=_WORD_DROPOUT,
        )
        self.weight = nn.Parameter(torch.zeros(N_GATED))
        self.distance = nn.Parameter(torch.zeros(N_BUCKETS, N_MIXED))
        nn.init.normal_(self.channels.pair, std=0.01)

    def forward(self, batch: SentenceBatch) -> torch.Tensor:
        """As `HeadProbe` says."""
        channels, special = self.channels(batch)
        mixed, gated = channels.split((N_MIXED, N_GATED), -1)
        (*s, kind, gate, factor, near, root), (*t, kind_head, gate_head, factor_head, near_head, head) = (
            self.roles(batch)
        )
        mixed = mixed + kind[:, :, None] + kind_head[:, None] + self.distance[batch.buckets]
        gates = (
            gate[:, :, None] + gate_head[:, None] + self.weight + factor[:, :, None] * factor_head[:, None]
        )
        pair = _bilinear(s, t, batch) + head.transpose(1, 2) + special[:, None, :, 1]
        pair = pair + _placed(near, near_head, batch) + mixed.logsumexp(-1) + (gated * gates).sum(-1)
        pair = pair.masked_fill(~batch.allowed, _IMPOSSIBLE)
        return torch.cat([pair, root + special[..., :1]], -1).log_softmax(-1)
