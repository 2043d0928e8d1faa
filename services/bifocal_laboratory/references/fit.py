"""Fitting linear rankers: a softmax over candidates, the right ones taken together.

The loss is the marginal one of Lee et al. (2017, "End-to-end Neural Coreference Resolution",
https://arxiv.org/abs/1707.07045): minus the logarithm of the probability that falls to any of the
right antecedents, whichever it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Candidates of many anaphors, one row each.

    Shapes: `features` ``(n_rows, n_columns)``, float16 or float32; `item` ``(n_rows,)``, the anaphor, any
    number; `correct` ``(n_rows,)``.
    """

    features: npt.NDArray[np.floating]
    item: Ints
    correct: Bools

    def only(self, rows: Bools) -> "Candidates":
        """Some of the rows, ``(n_rows,)``; anaphors without a right candidate among them drop out."""
        items, item = np.unique(self.item[rows], return_inverse=True)
        solvable = np.bincount(item, weights=self.correct[rows], minlength=len(items)) > 0
        chosen = np.flatnonzero(rows)[solvable[item]]
        return Candidates(
            features=self.features[chosen], item=self.item[chosen], correct=self.correct[chosen]
        )


def stacked(parts: Sequence[Candidates]) -> Candidates:
    """Candidates of several texts in one, their items told apart."""
    first, items = 0, []
    for part in parts:
        items.append(part.item + first)
        first += int(part.item.max(initial=-1)) + 1
    return Candidates(
        features=np.concatenate([part.features for part in parts]),
        item=np.concatenate(items),
        correct=np.concatenate([part.correct for part in parts]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How a ranker is fitted: full batches, a fixed number of steps, nothing random."""

    l2: float = 1e-2
    """Times the squared length of the weights, added to the loss."""
    steps: int = 60
    rate: float = 0.05
    """Learning rate of AdamW."""


class _Term:
    def __init__(self, candidates: Candidates, columns: Ints, weight: float) -> None:
        items, item = np.unique(candidates.item, return_inverse=True)
        self.n_items = len(items)
        self.weight = weight
        order = np.argsort(item, kind="stable")
        self.item = torch.from_numpy(item[order])
        self.correct = torch.from_numpy(candidates.correct[order])
        self.features = torch.from_numpy(candidates.features[np.ix_(order, columns)].astype(np.float32))

    def loss(self, weights: torch.Tensor) -> torch.Tensor:
        scores = self.features @ weights
        top = torch.full((self.n_items,), -torch.inf).scatter_reduce(0, self.item, scores.detach(), "amax")
        risen = torch.exp(scores - top[self.item])
        total = torch.zeros(self.n_items).index_add(0, self.item, risen)
        right = torch.zeros(self.n_items).index_add(0, self.item, torch.where(self.correct, risen, 0.0))
        return self.weight * (torch.log(total) - torch.log(right.clamp_min(1e-30))).mean()


def fit_weights(
    terms: Sequence[tuple[Candidates, float]], columns: Bools, schedule: Schedule | None = None
) -> Floats:
    """Weights that rank the right candidates first, ``(n_columns,)``, zero outside of `columns`.

    Args:
        terms: candidates and the weight of their mean loss in the sum.
        columns: features to use, ``(n_columns,)``.
        schedule: how to fit.

    Raises:
        ValueError: an anaphor has no right candidate.
    """
    schedule = schedule or Schedule()
    used = np.flatnonzero(columns)
    prepared = [_Term(candidates, used, weight) for candidates, weight in terms if len(candidates.item)]
    for term in prepared:
        if not bool(torch.zeros(term.n_items).index_add(0, term.item, term.correct.float()).all()):
            raise ValueError("every anaphor needs a right candidate; see Candidates.only")
    weights = torch.zeros(len(used), requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=schedule.rate, weight_decay=0.0)
    for _ in range(schedule.steps):
        optimizer.zero_grad()
        loss = sum((term.loss(weights) for term in prepared), schedule.l2 * weights.square().sum())
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    fitted = np.zeros(len(columns), dtype=np.float32)
    fitted[used] = weights.detach().numpy()
    return fitted
