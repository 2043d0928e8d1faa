"""Head catalogues: what `bifocal calibrate` found, as the lens applies it."""

from bifocal_contextual.catalogue.catalogue import (
    REFERS_TO,
    HeadCatalogue,
    KindFigures,
    LeftOut,
    ProfileWeights,
    Source,
    find_catalogue,
    read_catalogue,
)

__all__ = [
    "REFERS_TO",
    "HeadCatalogue",
    "KindFigures",
    "LeftOut",
    "ProfileWeights",
    "Source",
    "find_catalogue",
    "read_catalogue",
]
