"""What a mention refers to: features of attention, rankers, their fitting, and how often they are right.

`measure` first (`mention_pairs`, `name_pairs`), `fit` on what was measured (`fit_mentions`, `fit_names`,
`fit_words`), `evaluate_references` and `evaluate_coreference` for figures from texts.
"""

from bifocal_laboratory.references.evaluate import evaluate_references
from bifocal_laboratory.references.gap import evaluate_coreference
from bifocal_laboratory.references.names import NamePairs, name_pairs
from bifocal_laboratory.references.pairs import MentionPairs, mention_pairs
from bifocal_laboratory.references.recipe import (
    ReferenceMaterial,
    cross_validate_coreference,
    fit_references,
    read_material,
)
from bifocal_laboratory.references.training import Profile, cross_validated, fit_mentions, fit_names
from bifocal_laboratory.references.word_training import calibrated_ranker, fit_words

__all__ = [
    "MentionPairs",
    "NamePairs",
    "Profile",
    "ReferenceMaterial",
    "calibrated_ranker",
    "cross_validate_coreference",
    "cross_validated",
    "evaluate_coreference",
    "evaluate_references",
    "fit_mentions",
    "fit_names",
    "fit_references",
    "fit_words",
    "mention_pairs",
    "name_pairs",
    "read_material",
]
