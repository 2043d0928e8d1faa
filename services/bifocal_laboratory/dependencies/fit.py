"""Fits the probes of dependencies and turns them into what the services load."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.catalogue.arcs import FARTHEST, FIRST_DISTANCES, ArcWeights, buckets
from bifocal_gateway.merge.arcs_static import Roles as RoleArrays
from bifocal_gateway.merge.arcs_static import StaticProbe as StaticArrays
from bifocal_gateway.merge.joint import JointProbe as JointArrays
from bifocal_gateway.merge.joint import ProbeSource
from bifocal_laboratory.dependencies.batches import count_batches, in_batches
from bifocal_laboratory.dependencies.features import SentenceBlock, with_heads
from bifocal_laboratory.dependencies.kinds import KINDS
from bifocal_laboratory.dependencies.probes import (
    N_GATED,
    N_MIXED,
    ContextualProbe,
    HeadProbe,
    JointProbe,
    Roles,
    StaticProbe,
)

#: Share of the documents that no weights are fitted on, only the temperature.
CALIBRATION_SHARE = 0.1

_SEED = 20190604
_BETAS, _CLIP = (0.9, 0.98), 2.0
_WARM_UP = 100
_TEMPERATURES = np.geomspace(0.5, 2.0, 57)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """How long and how fast to fit; the same options give the same weights."""

    epochs: int = 6
    """Passes over the sentences."""
    batch_pairs: int = 6000
    """Pairs of words behind each step."""
    rate: float = 5e-3
    seed: int = _SEED


_DEFAULTS = FitOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedDependencies:
    """What one set of heads is shipped with; which documents its weights and its temperature come from."""

    arcs: ArcWeights
    joint: JointArrays
    fitted_on: frozenset[str]
    calibrated_on: frozenset[str]


P = TypeVar("P", bound=HeadProbe)


def fit_dependencies(
    blocks: Sequence[SentenceBlock],
    *,
    heads: Sequence[int],
    source: ProbeSource,
    static: StaticProbe | None = None,
    options: FitOptions = _DEFAULTS,
) -> FittedDependencies:
    """All probes on the same sentences, a share of the documents set aside for the temperature.

    Args:
        blocks: sentences with all heads' weights, of two documents at least.
        heads: those to use, as layer · heads a layer + head, from 0.
        source: the models and the catalogue that the probe goes with.
        static: the static probe if there is one already; it does not depend on the heads.
        options: the same for all probes.

    Raises:
        ValueError: there are fewer than two documents.
    """
    fitted, held_out = set_aside(blocks)
    chosen, calibration = (with_heads(part, heads) for part in (fitted, held_out))
    contextual = fit_contextual(chosen, options)
    joint = fit_joint(chosen, options)
    static = static or fit_static(fitted, options)
    return FittedDependencies(
        arcs=arc_weights(contextual, joint, heads=heads, temperature=temperature(contextual, calibration)),
        joint=joint_arrays(joint, static, source),
        fitted_on=frozenset(block.document for block in fitted),
        calibrated_on=frozenset(block.document for block in held_out),
    )


def set_aside(
    blocks: Sequence[SentenceBlock], *, share: float = CALIBRATION_SHARE
) -> tuple[list[SentenceBlock], list[SentenceBlock]]:
    """Sentences to fit on, and those of a share of the documents, one at least; the same every time.

    Raises:
        ValueError: there are fewer than two documents.
    """
    names = list(dict.fromkeys(block.document for block in blocks))
    if len(names) < 2:
        raise ValueError(f"{len(names)} documents; one is fitted on and another one set aside")
    drawn = np.random.default_rng(_SEED).permutation(len(names))[: max(1, round(share * len(names)))]
    aside = {names[number] for number in drawn}
    return [b for b in blocks if b.document not in aside], [b for b in blocks if b.document in aside]


def fit_contextual(blocks: Sequence[SentenceBlock], options: FitOptions = _DEFAULTS) -> ContextualProbe:
    """Kinds and heads from attention alone, on all heads that the blocks hold."""
    return _fit(lambda: ContextualProbe(blocks[0].n_heads, len(KINDS)), blocks, options)


def fit_static(blocks: Sequence[SentenceBlock], options: FitOptions = _DEFAULTS) -> StaticProbe:
    """Heads from vectors alone."""
    return _fit(lambda: StaticProbe(blocks[0].vectors.shape[1]), blocks, options)


def fit_joint(blocks: Sequence[SentenceBlock], options: FitOptions = _DEFAULTS) -> JointProbe:
    """Heads from vectors and attention."""
    return _fit(lambda: JointProbe(blocks[0].vectors.shape[1], blocks[0].n_heads), blocks, options)


def temperature(probe: ContextualProbe, blocks: Sequence[SentenceBlock]) -> float:
    """What to divide scores by so that the sentences, none of them fitted on, are the likeliest."""
    totals = np.zeros(len(_TEMPERATURES))
    probe.eval()
    with torch.no_grad():
        for batch in in_batches(blocks, _DEFAULTS.batch_pairs, np.random.default_rng(_SEED)):
            losses = [(probe.loss(batch, t) * batch.fitted).sum().item() for t in _TEMPERATURES]
            totals += np.array(losses)
    return float(_TEMPERATURES[totals.argmin()])


def arc_weights(
    contextual: ContextualProbe, joint: JointProbe, *, heads: Sequence[int], temperature: float
) -> ArcWeights:
    """Both probes' linear weights together, rounded as a catalogue holds them."""
    own = [module.channels for module in (contextual, joint)]
    forward, backward = ([_array(c.pair.chunk(2, dim=1)[side]) for c in own] for side in (0, 1))
    exact = ArcWeights(
        heads=tuple(heads),
        kinds=KINDS,
        n_mixed=N_MIXED,
        n_gated=N_GATED,
        pair=np.hstack([*forward, *backward]),
        special=np.hstack([_array(channels.special) for channels in own]),
        distance=_array(contextual.distance),
        temperature=temperature,
    )
    return ArcWeights.model_validate(exact.model_dump(mode="json"))


def joint_arrays(joint: JointProbe, static: StaticProbe, source: ProbeSource) -> JointArrays:
    """The joint and the static probe as the gateway loads them."""
    return JointArrays(
        source=source,
        roles=_roles(joint.roles),
        weight=_array(joint.weight),
        distance=_array(joint.distance),
        buckets=_buckets(),
        farthest=FARTHEST,
        static=StaticArrays(
            roles=_roles(static.roles),
            rectified=_array(static.rectified),
            buckets=_buckets(),
            farthest=FARTHEST,
        ),
    )


def _fit(build: Callable[[], P], blocks: Sequence[SentenceBlock], options: FitOptions) -> P:
    """AdamW with a linear warm-up and a linear decay."""
    generator = np.random.default_rng(options.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        probe = build()
        steps = options.epochs * count_batches(blocks, options.batch_pairs)
        warm_up = min(_WARM_UP, steps // 10 + 1)
        optimiser = torch.optim.AdamW(
            probe.parameters(), lr=options.rate, betas=_BETAS, weight_decay=probe.decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min((step + 1) / warm_up, max(0.0, 1 - step / steps))
        )
        # A batch counts by its words: those of long sentences have few, and would drown the others' steps.
        words_a_step = sum(float(b.fitted.sum()) for b in in_batches(blocks, options.batch_pairs, generator))
        words_a_step *= options.epochs / steps
        probe.train()
        for _ in range(options.epochs):
            for batch in in_batches(blocks, options.batch_pairs, generator):
                optimiser.zero_grad()
                loss = (probe.loss(batch) * batch.fitted).sum() / words_a_step
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(probe.parameters(), _CLIP)
                optimiser.step()
                schedule.step()
    return probe.eval()


def _roles(roles: Roles) -> RoleArrays:
    return RoleArrays(
        unknown=_array(roles.unknown),
        hidden=_array(roles.hidden.weight.T * roles.scale),
        hidden_bias=_array(roles.hidden.bias),
        dependent=_array(roles.dependent.weight.T),
        dependent_bias=_array(roles.dependent.bias),
        head=_array(roles.head.weight.T),
        head_bias=_array(roles.head.bias),
    )


def _buckets() -> npt.NDArray[np.int64]:
    """Bucket of each offset, from the farthest bucket's first distance before the word to that behind it."""
    reach = FIRST_DISTANCES[-1]
    return buckets(np.arange(-reach, reach + 1))


def _array(tensor: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.array(tensor.detach().numpy(), dtype=np.float32)
