"""What the lenses say of a document, as arrays from which any pair can be read.

The services write these, the merge reads them; neither knows the other.
"""

from bifocal.lenses.blob import DocumentOutputs, read_outputs, write_outputs
from bifocal.lenses.contextual import ContextualOutput, DistanceBackground
from bifocal.lenses.kinds import AuditedPairs, JointChannels, PairKinds
from bifocal.lenses.quantiles import PROBABILITIES, percentiles, quantiles
from bifocal.lenses.static import PairBackground, StaticOutput

#: The lenses, which are also the names of their queues.
LENSES = ("static", "contextual")

__all__ = [
    "LENSES",
    "PROBABILITIES",
    "AuditedPairs",
    "ContextualOutput",
    "DistanceBackground",
    "DocumentOutputs",
    "JointChannels",
    "PairBackground",
    "PairKinds",
    "StaticOutput",
    "percentiles",
    "quantiles",
    "read_outputs",
    "write_outputs",
]
