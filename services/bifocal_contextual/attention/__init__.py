"""Attention as it is computed: what a listener may see of each layer, and how it gets to see it."""

from bifocal_contextual.attention.call import AttentionCall, Listener, Listeners
from bifocal_contextual.attention.cross import CrossReading, read_translation, relate_words
from bifocal_contextual.attention.deberta import open_deberta
from bifocal_contextual.attention.numbering import heads_by_layer, layer_and_head
from bifocal_contextual.attention.places import AttentionPlace, Side, find_places
from bifocal_contextual.attention.tap import ATTENTION, UnknownTerm, listening

__all__ = [
    "ATTENTION",
    "AttentionCall",
    "AttentionPlace",
    "CrossReading",
    "Listener",
    "Listeners",
    "Side",
    "UnknownTerm",
    "find_places",
    "heads_by_layer",
    "layer_and_head",
    "listening",
    "open_deberta",
    "read_translation",
    "relate_words",
]
