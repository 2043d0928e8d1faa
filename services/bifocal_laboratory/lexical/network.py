"""The classifier of word pairs as a torch module, and its weights as a `LexicalProbe` has them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bifocal_laboratory.lexical.outcomes import Outcomes

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_BATCH, _SCORED = 256, 8192
_RATE, _DECAY = 3e-3, 1e-2
_WARM_UP = 0.1
_SEED = 20160801


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """How large a network, and how long it is fitted; the same options give the same weights."""

    hidden: int = 128
    dropout: float = 0.1
    """Of the vectors' numbers and of the hidden layer."""
    pairs: int = 600_000
    """Pairs gone through in all …"""
    fewest_passes: int = 10
    most_passes: int = 60
    """… as passes over what there is, within these bounds."""
    seed: int = _SEED


class PairNetwork(nn.Module):
    """Rectifiers over two vectors, their product and their difference, read in both orders of the words."""

    def __init__(self, size: int, outcomes: Outcomes, options: FitOptions) -> None:
        super().__init__()
        self.outcomes = outcomes
        #: Makes a unit vector's numbers about one in size.
        self.scale = size**0.5
        self.word_dropout, self.dropout = nn.Dropout(options.dropout), nn.Dropout(options.dropout)
        self.hidden = nn.Linear(4 * size, options.hidden)
        self.output = nn.Linear(options.hidden, len(outcomes.names) + 1)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Scores of all outcomes ``(n, outcomes)`` of pairs of unit vectors ``(n, size)``."""
        n = len(self.outcomes.directed)
        there, back = self._scores(left, right), self._scores(right, left)
        return torch.cat([there[:, :n], back[:, :n], there[:, n:] + back[:, n:]], 1)

    def _scores(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        left, right = left * self.scale, right * self.scale
        pair = torch.cat([left, right, left * right, (left - right).abs()], 1)
        found: torch.Tensor = self.output(self.dropout(self.hidden(self.word_dropout(pair)).relu()))
        return found


def fit_network(
    left: Floats, right: Floats, outcome: Ints, outcomes: Outcomes, options: FitOptions
) -> PairNetwork:
    """Fit by cross-entropy; the same pairs in the same order give the same network.

    Args:
        left: unit vectors of the pairs' first words ``(n, size)``.
        right: of their second words ``(n, size)``.
        outcome: what each pair is ``(n,)``, by its number in `outcomes`.
        outcomes: what they can be.
        options: size and length of the fit.

    Raises:
        ValueError: there are no pairs.
    """
    if not len(outcome):
        raise ValueError("there are no pairs to fit on")
    with _one_thread():
        torch.manual_seed(options.seed)
        network = PairNetwork(left.shape[1], outcomes, options)
        order = torch.Generator().manual_seed(options.seed)
        n_passes = int(np.clip(options.pairs // len(outcome), options.fewest_passes, options.most_passes))
        x, z, y = torch.from_numpy(left), torch.from_numpy(right), torch.from_numpy(outcome)
        n_steps = n_passes * -(-len(y) // _BATCH)
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, _RATE, total_steps=n_steps, pct_start=_WARM_UP
        )
        for _ in range(n_passes):
            shuffled = torch.randperm(len(y), generator=order)
            for start in range(0, len(y), _BATCH):
                rows = shuffled[start : start + _BATCH]
                loss = nn.functional.cross_entropy(network(x[rows], z[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
    return network.eval()


def scores_of(network: PairNetwork, left: Floats, right: Floats) -> Floats:
    """Scores of all outcomes ``(n, outcomes)``, before any calibration."""
    if not len(left):
        return np.zeros((0, network.outcomes.none + 1), dtype=np.float32)
    with torch.no_grad(), _one_thread():
        found = [
            network(torch.from_numpy(left[k : k + _SCORED]), torch.from_numpy(right[k : k + _SCORED]))
            for k in range(0, len(left), _SCORED)
        ]
        scores: Floats = torch.cat(found).numpy()
        return scores


def arrays_of(
    network: PairNetwork, *, weight: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]
) -> dict[str, Floats]:
    """Arrays of a `LexicalProbe` whose scores are ``scores · weight + bias``.

    Both ``(kinds + 1,)`` are for each kind, the directed ones first, and for none.
    """
    # Undirected outcomes have the sum over both orders, and half of the bias from each.
    share = np.where(np.arange(len(bias)) < len(network.outcomes.directed), 1.0, 0.5)
    hidden = network.hidden.weight.detach().numpy().T.astype(np.float64)
    first, second, product, difference = hidden.reshape(4, -1, hidden.shape[1])
    scale = network.scale
    arrays = {
        "first": first * scale,
        "second": second * scale,
        "product": product * scale**2,
        "difference": difference * scale,
        "bias": network.hidden.bias.detach().numpy(),
        "output": network.output.weight.detach().numpy().T * weight,
        "output_bias": network.output.bias.detach().numpy() * weight + share * bias,
    }
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums must not depend on how many processors there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
