"""Head words from both lenses together: static vectors gate what attention says of a pair.

The probe goes with one static and one contextual model, and with one catalogue of that model's heads.
Its static half is a deep biaffine scorer (Dozat & Manning 2017, https://arxiv.org/abs/1611.01734);
its channels are linear functions of attention weights, as in the attention-and-words probe of Clark
et al. 2019 (section 5, https://arxiv.org/abs/1906.04341), and the contextual lens has taken them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from bifocal.errors import ModelUnavailable
from bifocal_gateway.merge.arcs_static import (
    Bools,
    Floats,
    Ints,
    Roles,
    Sentence,
    StaticProbe,
    bilinear,
    bucket_of_pairs,
    log_softmax,
    placed,
    read_arrays,
    split,
    write_arrays,
)

_FORMAT = "bifocal-joint-probe-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSource:
    """What a probe was fitted for; it says nothing of anything else."""

    static_model: str
    static_hash: str
    contextual_model: str
    contextual_hash: str
    catalogue: str
    """Identifier of the head catalogue whose channels it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointProbe:
    """Heads from vectors and attention together.

    Some channels compete: a head is sought by any of them, and vectors and distance say by which. The
    gated ones count ``weight + gate(i) + gate(j) + factor(i) · factor(j)`` times each. A role holds, in
    this order, two bilinear parts, for heads before their dependent and for those behind it, a number
    for each channel that competes, a gate and a factor for each gated one, and what a `StaticProbe`'s
    roles end with.

    Shapes: `weight` ``(n_gated,)``; `distance` ``(n_buckets, n_mixed)``; `buckets` as in `StaticProbe`.
    """

    source: ProbeSource
    roles: Roles
    weight: Floats
    distance: Floats
    buckets: Ints
    farthest: int
    """Farthest that a head is from its word."""
    static: StaticProbe
    """The same question asked of vectors alone."""

    @classmethod
    def load(cls, path: Path) -> "JointProbe":
        """From the file that `save` wrote.

        Raises:
            ModelUnavailable: the file is not there or not such a file.
        """
        arrays, metadata = read_arrays(path)
        if metadata.get("format") != _FORMAT:
            raise ModelUnavailable(f"{path}: is no probe of format {_FORMAT}")
        try:
            return cls(
                source=_source(metadata),
                roles=Roles.of(arrays),
                weight=arrays["weight"],
                distance=arrays["distance"],
                buckets=arrays["buckets"],
                farthest=int(metadata["farthest"]),
                static=StaticProbe.of(arrays, metadata),
            )
        except (KeyError, ValueError) as error:
            raise ModelUnavailable(f"{path}: is no probe: {error!r}") from error

    def save(self, path: Path) -> None:
        """Write one safetensors file, the same bytes for the same probe."""
        arrays = {
            **self.roles.arrays(),
            "weight": self.weight,
            "distance": self.distance,
            **self.static.arrays(),
        }
        write_arrays(path, arrays, {"format": _FORMAT, "farthest": str(self.farthest), **asdict(self.source)})

    def log_probabilities(
        self,
        vectors: Floats,
        known: Bools,
        sentences: Sequence[Sentence],
        channels: Sequence[Floats],
        unary: Floats,
    ) -> list[Floats]:
        """Log-probability of each word's head, sentence by sentence ``(n, n + 1)``; the root comes last.

        Args:
            vectors: the document's words ``(words, size)``, unit length, as the static lens sends them.
            known: whether each word has a vector ``(words,)``.
            sentences: first and end word of each.
            channels: of each sentence ``(n, n, n_mixed + n_gated)``, dependent first, those that compete
                before the gated ones, from the contextual lens.
            unary: how much each word is a root and a head ``(words, 2)``, from the contextual lens.
        """
        n_gated, (n_buckets, n_mixed) = len(self.weight), self.distance.shape
        tail = (n_mixed, n_gated, n_gated, n_buckets, 1)
        (s, kind, gate, factor, near, root), (t, kind_head, gate_head, factor_head, near_head, head) = (
            split(role, tail) for role in self.roles(vectors, known)
        )
        gate = gate + self.weight
        root, head = root[:, 0] + unary[:, 0], head[:, 0] + unary[:, 1]
        found = []
        for (first, end), given in zip(sentences, channels, strict=True):
            here = slice(first, end)
            bucket = bucket_of_pairs(self.buckets, end - first)
            pair = bilinear(s[here], t[here]) + head[here] + placed(near[here], near_head[here], bucket)
            mixed = given[..., :n_mixed] + self.distance[bucket]
            mixed += kind[here, None]
            mixed += kind_head[None, here]
            pair += _log_sum(mixed)
            gates = factor[here, None] * factor_head[None, here]
            gates += gate[here, None]
            gates += gate_head[None, here]
            pair += np.einsum("ijc,ijc->ij", given[..., n_mixed:], gates)
            found.append(log_softmax(pair, root[here], self.farthest))
        return found


def _log_sum(scores: Floats) -> Floats:
    """Logarithm of the sum of exponentials over the last axis; overwrites what it is given."""
    highest = scores.max(axis=-1)
    scores -= highest[..., None]
    np.exp(scores, out=scores)
    found: Floats = np.log(scores.sum(axis=-1)) + highest
    return found


def _source(metadata: Mapping[str, str]) -> ProbeSource:
    return ProbeSource(**{field.name: metadata[field.name] for field in fields(ProbeSource)})
