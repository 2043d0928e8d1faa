"""The comparison itself, measured: what each lens knows of the pairs of a text that the other does not."""

from bifocal_laboratory.comparison.classifier import FitOptions
from bifocal_laboratory.comparison.evaluate import REACH_WORDS, Benchmark, compare_kinds
from bifocal_laboratory.comparison.labels import Label, Labeller, RelatedWords
from bifocal_laboratory.comparison.names import evaluate_names
from bifocal_laboratory.comparison.reading import BothLenses
from bifocal_laboratory.comparison.thresholds import evaluate_thresholds

__all__ = [
    "REACH_WORDS",
    "Benchmark",
    "BothLenses",
    "FitOptions",
    "Label",
    "Labeller",
    "RelatedWords",
    "compare_kinds",
    "evaluate_names",
    "evaluate_thresholds",
]
