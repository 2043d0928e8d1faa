"""Head words: probes of vectors, of attention and of both, fitted on trees and measured on other trees."""

from bifocal_laboratory.dependencies.calibration import expected_calibration_error
from bifocal_laboratory.dependencies.evaluate import evaluate_dependencies
from bifocal_laboratory.dependencies.features import SentenceBlock, sentence_blocks, with_heads, word_vectors
from bifocal_laboratory.dependencies.fit import (
    FitOptions,
    FittedDependencies,
    fit_contextual,
    fit_dependencies,
    fit_joint,
    fit_static,
    set_aside,
)
from bifocal_laboratory.dependencies.kinds import KINDS, OTHER, kind_of
from bifocal_laboratory.dependencies.positions import Positions

__all__ = [
    "KINDS",
    "OTHER",
    "FitOptions",
    "FittedDependencies",
    "Positions",
    "SentenceBlock",
    "evaluate_dependencies",
    "expected_calibration_error",
    "fit_contextual",
    "fit_dependencies",
    "fit_joint",
    "fit_static",
    "kind_of",
    "sentence_blocks",
    "set_aside",
    "with_heads",
    "word_vectors",
]
