"""Ways from the heads' attention to one weight between pieces, by their usual names."""

from bifocal_contextual.methods.alti import Alti
from bifocal_contextual.methods.base import Relator
from bifocal_contextual.methods.heads import SelectedHeads
from bifocal_contextual.methods.layer import OneLayer
from bifocal_contextual.methods.mean import Mean
from bifocal_contextual.methods.norm import Norm
from bifocal_contextual.methods.reader import MatrixReader, WindowWeights
from bifocal_contextual.methods.rollout import Rollout

__all__ = [
    "Alti",
    "MatrixReader",
    "Mean",
    "Norm",
    "OneLayer",
    "Relator",
    "Rollout",
    "SelectedHeads",
    "WindowWeights",
]
