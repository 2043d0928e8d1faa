"""The heads' weights on single pairs of words, where whole matrices would be too much."""

from bifocal_contextual.pairs.arcs import ArcProjection, ArcReader, WindowArcs
from bifocal_contextual.pairs.layout import BatchShape, PairLayout, WordPairs
from bifocal_contextual.pairs.sentences import sentence_pairs

__all__ = [
    "ArcProjection",
    "ArcReader",
    "BatchShape",
    "PairLayout",
    "WindowArcs",
    "WordPairs",
    "sentence_pairs",
]
