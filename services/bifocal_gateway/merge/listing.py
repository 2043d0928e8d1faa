"""Which pairs a report lists: those asked for, and of too many the strongest."""

from dataclasses import fields

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Listing
from bifocal_gateway.merge.pairs import Block
from bifocal_gateway.merge.verdicts import MARKED_BY_CONTEXT, MARKED_BY_MEANING, Judged

Ints = npt.NDArray[np.int64]

_MARKED = sorted({*MARKED_BY_MEANING, *MARKED_BY_CONTEXT})


class Listed:
    """Takes in blocks of judged pairs and keeps at most twice `most` of those that `listing` asks for."""

    def __init__(self, listing: Listing, most: int) -> None:
        self._listing = listing
        self._most = most
        self._kept: list[Judged] = []
        self._n_kept = 0
        self._n_wanted = 0

    def add(self, judged: Judged) -> None:
        """Take in a block; blocks come in order of the text."""
        wanted = judged
        if self._listing is Listing.RELATED:
            wanted = select(judged, np.flatnonzero(np.isin(judged.code, _MARKED) | judged.has_kind))
        self._kept.append(wanted)
        self._n_kept += len(wanted.code)
        self._n_wanted += len(wanted.code)
        if self._n_kept > 2 * self._most:
            self._prune()

    def result(self) -> Judged | None:
        """The pairs to list, in order of the text; None if there was no block at all."""
        self._prune()
        return self._kept[0] if self._kept else None

    @property
    def n_left_out(self) -> int:
        """Pairs asked for that are not in `result`."""
        return max(0, self._n_wanted - self._most)

    def _prune(self) -> None:
        if not self._kept:
            return
        together = _join(self._kept)
        if len(together.code) > self._most:
            # Stable, so that of equal pairs the earlier ones stay, however the blocks fell.
            strongest = np.argsort(-together.strength, kind="stable")[: self._most]
            together = select(together, np.sort(strongest))
        self._kept = [together]
        self._n_kept = len(together.code)


def _arrays(judged: Judged) -> list[str]:
    return [field.name for field in fields(judged) if field.name != "block"]


def select(judged: Judged, places: Ints) -> Judged:
    """Some of the pairs, by their places."""
    block = Block(i=judged.block.i[places], j=judged.block.j[places])
    return Judged(block=block, **{name: getattr(judged, name)[places] for name in _arrays(judged)})


def _join(parts: list[Judged]) -> Judged:
    if len(parts) == 1:
        return parts[0]
    block = Block(
        i=np.concatenate([part.block.i for part in parts]), j=np.concatenate([part.block.j for part in parts])
    )
    return Judged(
        block=block,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _arrays(parts[0])},
    )
