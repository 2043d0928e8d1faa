"""Lexical relations from static vectors: classifiers of word pairs, and the probe that the merge loads."""

from bifocal_laboratory.lexical.evaluate import LexicalList, evaluate_lexical
from bifocal_laboratory.lexical.fit import RunningText, figures_of, fit_lexical
from bifocal_laboratory.lexical.network import FitOptions

__all__ = ["FitOptions", "LexicalList", "RunningText", "evaluate_lexical", "figures_of", "fit_lexical"]
