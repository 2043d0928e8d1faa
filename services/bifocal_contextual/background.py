"""What is usual in running text: the weight a word gives another so far away, and the spread of lifts.

Both depend on the length of the window: the fewer words there are, the more each of them gets, and least
so the near ones. So they are measured in windows of several lengths and taken for a document between the
two nearest (decision 9).

The files of shipped models lie in `backgrounds/`, one for a model and method, made by
`measure_background`. Without a file documents are held against a sample of their job, or each against itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Method
from bifocal.lenses import DistanceBackground, quantiles
from bifocal.lenses.contextual import DISTANCE_CLASSES, distance_class
from bifocal_contextual.bands import Bands, lift

Floats = npt.NDArray[np.float32]

#: Of the files.
SCHEMA_VERSION = 2

#: A distance class with fewer pairs takes its figures from longer windows, or else from all pairs together.
FEWEST_PAIRS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedText:
    """A text's weights, with the words that can be ends of a pair."""

    bands: Bands
    weight: Floats
    candidate: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backgrounds:
    """What is usual in windows of several lengths, the shortest first; lengths are in words."""

    window_words: tuple[float, ...]
    by_length: tuple[DistanceBackground, ...]

    def at(self, n_words: int) -> DistanceBackground:
        """What is usual in windows of `n_words`: between the nearest two, by the logarithm of the length.

        Windows shorter than the shortest that was measured, or longer than the longest, are taken for it.
        """
        place = float(
            np.interp(np.log(n_words), np.log(self.window_words), np.arange(len(self.window_words)))
        )
        low, part = self.by_length[int(place)], np.float32(place % 1)
        if not part:
            return low
        high = self.by_length[int(place) + 1]
        return DistanceBackground(
            **{
                field.name: (1 - part) * getattr(low, field.name) + part * getattr(high, field.name)
                for field in fields(DistanceBackground)
            }
        )


def measure(texts: Sequence[WeightedText], longer: DistanceBackground | None = None) -> DistanceBackground:
    """Usual weights and spread of lifts over texts read in windows of one length, punctuation left out.

    Of distances that these texts hardly have, figures are those of `longer` windows.
    """
    n_classes = len(DISTANCE_CLASSES)
    total, count = np.zeros((2, n_classes)), np.zeros((2, n_classes))
    for text in texts:
        for cells, i, j in text.bands.blocks():
            kept = text.candidate[i] & text.candidate[j]
            side, classes = (j > i)[kept].astype(int), distance_class((j - i)[kept])
            cell = side * n_classes + classes
            total += np.bincount(cell, text.weight[cells][kept], minlength=2 * n_classes).reshape(2, -1)
            count += np.bincount(cell, minlength=2 * n_classes).reshape(2, -1)
    # The word itself is neither before nor after.
    total[0, 0] = total[1, 0] = total[:, 0].sum()
    count[0, 0] = count[1, 0] = count[:, 0].sum()
    otherwise = (
        total.sum() / max(count.sum(), 1)
        if longer is None
        else np.stack([longer.usual_before, longer.usual_after])
    )
    usual = np.where(count >= FEWEST_PAIRS, total / np.maximum(count, 1), otherwise).astype(np.float32)
    profile = DistanceBackground(
        usual_before=usual[0], usual_after=usual[1], lift_quantiles=np.zeros((n_classes, 1), dtype=np.float32)
    )
    lifts, class_of_lift = _pair_lifts(texts, profile)
    pooled = quantiles(lifts if len(lifts) else [0.0])
    table = np.tile(pooled, (n_classes, 1)) if longer is None else longer.lift_quantiles.copy()
    for c in range(n_classes):
        own = lifts[class_of_lift == c]
        if len(own) >= FEWEST_PAIRS:
            table[c] = quantiles(own)
    return DistanceBackground(usual_before=usual[0], usual_after=usual[1], lift_quantiles=table)


def _pair_lifts(
    texts: Sequence[WeightedText], profile: DistanceBackground
) -> tuple[Floats, npt.NDArray[np.int8]]:
    """The stronger lift of every pair, and its class of distance."""
    lifts, classes = [], []
    for text in texts:
        bands = text.bands
        usual = bands.usual(profile)
        lifted = lift(text.weight, usual * bands.level(text.weight, usual, text.candidate))
        for cells, i, j in bands.blocks():
            kept = (i < j) & text.candidate[i] & text.candidate[j]
            there = lifted[cells][kept]
            i, j = i[kept], j[kept]
            lifts.append(np.maximum(there, lifted[bands.offset[j] + i - bands.first[j]]))
            classes.append(distance_class(j - i).astype(np.int8))
    return np.concatenate(lifts), np.concatenate(classes)


def file_name(view: str, method: Method) -> str:
    """Of a view's background by a method, without the colon, which not every file system takes."""
    return f"{view.replace(':', '.')}.{method.value}.json"


def shipped(view: str, method: Method, content_hash: str, catalogue_hash: str = "") -> Backgrounds | None:
    """What lies beside the code for a view and method, if it was measured on these very weights.

    By `heads` also on those of this very catalogue.
    """
    place = files("bifocal_contextual").joinpath("backgrounds", file_name(view, method))
    if not place.is_file():
        return None
    stored = json.loads(place.read_text())
    meant = (stored["schema_version"], stored["model_hash"], stored["distance_classes"])
    if meant != (SCHEMA_VERSION, content_hash, DISTANCE_CLASSES.tolist()):
        return None
    if method is Method.HEADS and stored["catalogue_hash"] != catalogue_hash:
        return None
    by_length: list[DistanceBackground] = []
    for one in reversed(stored["lengths"]):
        # A row that is not there is that of the next longer windows.
        rows = [
            by_length[0].lift_quantiles[c] if row is None else np.array(row, dtype=np.float32)
            for c, row in enumerate(one["lift_quantiles"])
        ]
        by_length.insert(
            0,
            DistanceBackground(
                usual_before=np.array(one["usual_before"], dtype=np.float32),
                usual_after=np.array(one["usual_after"], dtype=np.float32),
                lift_quantiles=np.stack(rows),
            ),
        )
    return Backgrounds(
        window_words=tuple(one["window_words"] for one in stored["lengths"]), by_length=tuple(by_length)
    )
