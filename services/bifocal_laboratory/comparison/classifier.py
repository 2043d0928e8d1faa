"""The classifier that all systems share: a small network on standardised columns, and a rule to decide by.

Networks of several folds are averaged; each fold's own documents, which its network has not seen, are
what the rule is fitted on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bifocal_laboratory.comparison.labels import LABELS, NONE, RELATIONS

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]

_SEED = 20170706
#: Standardised columns are cut off here: a few have long tails.
_FARTHEST = 5.0
_PREDICTED = 16_384
#: What a relation's probability may be multiplied by before the greatest is taken, and rounds of the search.
_FACTORS = np.geomspace(0.25, 64, 33)
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """The same for every system; chosen on documents that were fitted on."""

    hidden: int = 256
    epochs: int = 16
    batch_pairs: int = 1024
    rate: float = 2e-3
    decay: float = 1e-2
    dropout: float = 0.3
    folds: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Pairs to fit on.

    Shapes: `columns` ``(n, columns)``; `codes` ``(n,)``; `weight` ``(n,)``, how many pairs each stands for;
    `fold` ``(n,)``.
    """

    columns: Floats
    codes: Codes
    weight: Floats
    fold: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One fold's network; shapes `mean` and `spread` ``(columns,)``."""

    mean: Floats
    spread: Floats
    layers: nn.Sequential

    def probabilities(self, columns: Floats) -> Doubles:
        """Of each label ``(n, labels)``."""
        with torch.inference_mode():
            parts = [self.layers(part).double().softmax(1) for part in self._scaled(columns)]
        found: Doubles = torch.cat(parts).numpy() if parts else np.zeros((0, len(LABELS)))
        return found

    def _scaled(self, columns: Floats) -> list[torch.Tensor]:
        starts = range(0, len(columns), _PREDICTED)
        return [scaled(columns[at : at + _PREDICTED], self.mean, self.spread) for at in starts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """Networks that are averaged, and what probabilities are multiplied by to decide ``(labels,)``."""

    networks: tuple[Network, ...]
    factors: Doubles

    def probabilities(self, columns: Floats) -> Doubles:
        """Of each label ``(n, labels)``."""
        found: Doubles = np.mean([one.probabilities(columns) for one in self.networks], axis=0)
        return found

    def decided(self, probabilities: Doubles) -> Codes:
        """The label of each pair ``(n,)``."""
        found: Codes = (probabilities * self.factors).argmax(axis=1).astype(np.int8)
        return found


def fit(labelled: Labelled, options: FitOptions, *, say: Callable[[str], None]) -> Classifier:
    """Networks on all folds but one, in turns, and the rule that serves the folds left out best.

    A fold without pairs, or without others, has no network.

    Raises:
        ValueError: all pairs are in one fold.
    """
    networks, outside, codes, weight = [], [], [], []
    for fold in range(options.folds):
        own = labelled.fold == fold
        if not own.any() or own.all():
            continue
        say(f"fold {fold + 1} of {options.folds}")
        network = _fit_network(
            labelled.columns[~own], labelled.codes[~own], labelled.weight[~own], options, _SEED + fold
        )
        networks.append(network)
        outside.append(network.probabilities(labelled.columns[own]))
        codes.append(labelled.codes[own])
        weight.append(labelled.weight[own])
    if not networks:
        raise ValueError("all documents to fit on fall into one fold; name more documents")
    factors = best_factors(np.concatenate(outside), np.concatenate(codes), np.concatenate(weight))
    return Classifier(networks=tuple(networks), factors=factors)


def best_factors(probabilities: Doubles, codes: Codes, weight: npt.NDArray[np.floating]) -> Doubles:
    """Factors of the labels with the greatest mean F1 of the relations ``(labels,)``; that of none is 1.

    One after the other is moved along a grid, a few times over.
    """
    factors = np.ones(len(LABELS))
    for _ in range(_ROUNDS):
        for label in range(len(RELATIONS)):
            figures = []
            for factor in _FACTORS:
                factors[label] = factor
                found = (probabilities * factors).argmax(axis=1)
                figures.append(f1_by_label(_confusion(codes, found, weight))[:NONE].mean())
            factors[label] = _FACTORS[int(np.argmax(figures))]
    return factors


def f1_by_label(confusion: Doubles) -> Doubles:
    """F1 of each label ``(…, labels)``, 0 where there is none.

    Counts ``(…, labels, labels)`` have first what a pair is, then what it was taken for.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    named = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    found: Doubles = np.divide(2 * right, named, out=np.zeros_like(right), where=named > 0)
    return found


def _confusion(codes: Codes, found: Ints, weight: npt.NDArray[np.floating]) -> Doubles:
    n = len(LABELS)
    counts = np.bincount(codes.astype(np.int64) * n + found, weight, minlength=n * n)
    return counts.reshape(n, n).astype(np.float64)


def scaled(columns: Floats, mean: Floats, spread: Floats) -> torch.Tensor:
    """Columns as the network takes them."""
    return torch.from_numpy(np.clip((columns - mean) / spread, -_FARTHEST, _FARTHEST))


def _fit_network(columns: Floats, codes: Codes, weight: Floats, options: FitOptions, seed: int) -> Network:
    mean = columns.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = columns.std(axis=0, dtype=np.float64).astype(np.float32)
    spread[spread == 0] = 1
    inputs, targets = scaled(columns, mean, spread), torch.from_numpy(codes.astype(np.int64))
    weights = torch.from_numpy(weight / weight.mean(dtype=np.float64)).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = _layers(inputs.shape[1], options)
        _train(layers, (inputs, targets, weights), options)
    return Network(mean=mean, spread=spread, layers=layers.eval())


def _layers(n_columns: int, options: FitOptions) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_columns, options.hidden),
        nn.ReLU(),
        nn.Dropout(options.dropout),
        nn.Linear(options.hidden, options.hidden // 4),
        nn.ReLU(),
        nn.Dropout(options.dropout),
        nn.Linear(options.hidden // 4, len(LABELS)),
    )


def _train(layers: nn.Sequential, data: Sequence[torch.Tensor], options: FitOptions) -> None:
    """AdamW with one cycle of the rate."""
    inputs, targets, weights = data
    steps = options.epochs * -(-len(targets) // options.batch_pairs)
    optimiser = torch.optim.AdamW(layers.parameters(), lr=options.rate, weight_decay=options.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=steps)
    for _ in range(options.epochs):
        order = torch.randperm(len(targets))
        for start in range(0, len(order), options.batch_pairs):
            rows = order[start : start + options.batch_pairs]
            optimiser.zero_grad()
            losses = nn.functional.cross_entropy(layers(inputs[rows]), targets[rows], reduction="none")
            (losses * weights[rows]).mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
