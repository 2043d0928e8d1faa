"""A static lens's output taken from words to units: the vector of several words is their sum."""

import numpy as np
import numpy.typing as npt

from bifocal.lenses import StaticOutput
from bifocal_gateway.units.units import Units

Ints = npt.NDArray[np.int64]


def static_of_units(output: StaticOutput, units: Units) -> StaticOutput:
    """The same lens with units in the place of words; of one word each, they keep its vector.

    Units of the same types in the same order are one type. The vector of several words is the sum of those
    that are known, brought to unit length; where none is, the unit is unknown.
    """
    if units.are_words:
        type_of_unit = output.type_of_word[units.first]
        return StaticOutput(
            type_of_word=type_of_unit,
            vectors=output.vectors,
            known=output.known,
            band=output.band,
            background=output.background,
            cased=output.cased,
        )
    numbers: dict[tuple[int, ...], int] = {}
    types = [
        tuple(output.type_of_word[first:end].tolist())
        for first, end in zip(units.first.tolist(), units.end.tolist(), strict=True)
    ]
    type_of_unit = np.array([numbers.setdefault(one, len(numbers)) for one in types], dtype=np.int32)
    vectors = np.zeros((len(numbers), output.vectors.shape[1]), dtype=np.float32)
    known = np.zeros(len(numbers), dtype=np.bool_)
    band = np.zeros(len(numbers), dtype=np.int32)
    for words, number in numbers.items():
        there = [word for word in words if output.known[word]]
        known[number] = bool(there)
        if len(there) == 1:
            vectors[number], band[number] = output.vectors[there[0]], output.band[there[0]]
        elif there:
            whole = output.vectors[there].sum(axis=0, dtype=np.float64)
            length = np.linalg.norm(whole)
            vectors[number] = whole / length if length else 0
            band[number] = output.background.band_of_phrase(len(there))
    return StaticOutput(
        type_of_word=type_of_unit, vectors=vectors, known=known, band=band, background=output.background
    )
