"""Whether probabilities mean what they say."""

import numpy as np
import numpy.typing as npt

_BINS = 15


def expected_calibration_error(
    confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_], *, bins: int = _BINS
) -> float:
    """Mean distance of confidence from the share that is right, over bins of equal width, by their size.

    Guo et al. 2017, https://arxiv.org/abs/1706.04599.

    Args:
        confidence: probability given to each answer ``(n,)``.
        right: whether it was right ``(n,)``.
        bins: how many.

    Raises:
        ValueError: there are no answers.
    """
    if not len(confidence):
        raise ValueError("there are no answers")
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    said = np.bincount(place, weights=confidence, minlength=bins)
    was = np.bincount(place, weights=right, minlength=bins)
    return float(np.abs(said - was).sum() / len(confidence))
