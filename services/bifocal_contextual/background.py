"""What is usual in running text: the weight a word gives another so far away, and the spread of lifts.

The files of shipped models lie in `backgrounds/`, one for a model and method, made by
`measure_background`. Without a file each document is held against itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Method
from bifocal.lenses import DistanceBackground, quantiles
from bifocal.lenses.contextual import DISTANCE_CLASSES, distance_class
from bifocal_contextual.bands import Bands, lift

Floats = npt.NDArray[np.float32]

#: A distance class with fewer pairs takes its figures from all pairs together.
FEWEST_PAIRS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedText:
    """A text's weights, with the words that can be ends of a pair."""

    bands: Bands
    weight: Floats
    candidate: npt.NDArray[np.bool_]


def measure(texts: Sequence[WeightedText]) -> DistanceBackground:
    """Usual weights and spread of lifts over some texts, punctuation left out."""
    n_classes = len(DISTANCE_CLASSES)
    total, count = np.zeros((2, n_classes)), np.zeros((2, n_classes))
    for text in texts:
        i, j = text.bands.pairs()
        kept = text.candidate[i] & text.candidate[j]
        side, classes = (j > i)[kept].astype(int), distance_class((j - i)[kept])
        cell = side * n_classes + classes
        total += np.bincount(cell, text.weight[kept], minlength=2 * n_classes).reshape(2, -1)
        count += np.bincount(cell, minlength=2 * n_classes).reshape(2, -1)
    # The word itself is neither before nor after.
    total[0, 0] = total[1, 0] = total[:, 0].sum()
    count[0, 0] = count[1, 0] = count[:, 0].sum()
    overall = total.sum() / max(count.sum(), 1)
    usual = np.where(count >= FEWEST_PAIRS, total / np.maximum(count, 1), overall).astype(np.float32)
    profile = DistanceBackground(
        usual_before=usual[0], usual_after=usual[1], lift_quantiles=np.zeros((n_classes, 1), dtype=np.float32)
    )
    lifts, classes = _pair_lifts(texts, profile)
    pooled = quantiles(lifts) if len(lifts) else quantiles([0.0])
    table = [
        quantiles(lifts[classes == c]) if np.count_nonzero(classes == c) >= FEWEST_PAIRS else pooled
        for c in range(n_classes)
    ]
    return DistanceBackground(usual_before=usual[0], usual_after=usual[1], lift_quantiles=np.stack(table))


def _pair_lifts(
    texts: Sequence[WeightedText], profile: DistanceBackground
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The stronger lift of every pair, and its class of distance."""
    lifts, classes = [], []
    for text in texts:
        bands = text.bands
        i, j = bands.pairs()
        kept = (i < j) & text.candidate[i] & text.candidate[j]
        lifted = lift(text.weight, bands.usual(profile))
        i, j = i[kept], j[kept]
        back = bands.offset[j] + i - bands.first[j]
        lifts.append(np.maximum(lifted[kept], lifted[back]))
        classes.append(distance_class(j - i))
    return np.concatenate(lifts), np.concatenate(classes)


def shipped(name: str, method: Method, content_hash: str) -> DistanceBackground | None:
    """The background of a method that lies beside the code, if it was measured on these very weights."""
    place = files("bifocal_contextual").joinpath("backgrounds", f"{name}.{method.value}.json")
    if not place.is_file():
        return None
    stored = json.loads(place.read_text())
    if stored["model_hash"] != content_hash or stored["distance_classes"] != DISTANCE_CLASSES.tolist():
        return None
    return DistanceBackground(
        usual_before=np.array(stored["usual_before"], dtype=np.float32),
        usual_after=np.array(stored["usual_after"], dtype=np.float32),
        lift_quantiles=np.array(stored["lift_quantiles"], dtype=np.float32),
    )
