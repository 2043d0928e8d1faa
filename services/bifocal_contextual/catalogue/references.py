"""Weights that tell what a mention or a pronoun refers to, out of what attention heads give to each other.

Linear rankers over logarithms of attention weights, after Clark et al. (2019, "What Does BERT Look At?",
https://arxiv.org/abs/1906.04341), who found single heads that link mentions to their antecedents.
A head is numbered through all layers, from 0: ``layer * heads per layer + head``.
"""

import math
from typing import Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from bifocal.contracts._wire import Wire

Floats = npt.NDArray[np.float32]

Block = Literal["head", "span", "after_anaphor", "after_antecedent"]
#: Between the head words; between the spans; with the word behind the anaphor's, or the
#: antecedent's, head word in its place.
BLOCKS: Final[tuple[Block, ...]] = ("head", "span", "after_anaphor", "after_antecedent")

Direction = Literal["forward", "backward"]
#: The anaphor attends to the antecedent, and the other way round.
DIRECTIONS: Final[tuple[Direction, ...]] = ("forward", "backward")


class FeatureScale(Wire):
    """How an attention weight becomes a feature: ``(log(weight + floor) + shift) / spread``."""

    floor: float = Field(default=1e-4, gt=0)
    shift: float = 6.0
    spread: float = Field(default=2.2, gt=0)
    span_words: int = Field(default=8, ge=1)
    """Words of a longer span that are looked at, about its head."""

    def of(self, weights: Floats) -> Floats:
        """Features of any number of weights, in their shape."""
        raised = np.log(weights + np.float32(self.floor))
        features: Floats = (raised + np.float32(self.shift)) / np.float32(self.spread)
        return features


class HeadWeights(Wire):
    """What the features of one block in one direction count, head by head."""

    block: Block
    direction: Direction
    heads: tuple[int, ...]
    weights: tuple[float, ...]
    """One for each of `heads`."""

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        if len(self.heads) != len(self.weights) or len(set(self.heads)) != len(self.heads):
            raise ValueError("one weight for each head, and each head once")
        return self


class MentionRanker(Wire):
    """Scores the antecedents of one type of mention; a softmax over candidates makes probabilities."""

    attention: tuple[HeadWeights, ...]
    strings: dict[str, float] = Field(default_factory=dict)
    """Weights of what the words themselves say, by `bifocal_laboratory.references.strings` names."""
    null: float | None = None
    """Score of referring to none of the candidates; None if that is not on offer."""
    threshold: float = Field(default=0.0, ge=0, le=1)
    """Least probability of an antecedent that is named."""
    static: float = 0.0
    """Weight of the static cosine when both lenses speak."""


class WordsRanker(Wire):
    """Scores all earlier words as what a pronoun refers to; for texts without marked mentions."""

    attention: tuple[HeadWeights, ...]
    """Block `head` only."""
    reach_words: int = Field(ge=1)
    """Furthest word that is a candidate."""
    passed_over: tuple[str, ...] = ()
    """Words that nothing refers to, in lower case: articles, prepositions, auxiliaries …"""
    distance_edges: tuple[int, ...]
    """Rising; the words of a bucket lie at least as far back as its edge, nearer than the next one's."""
    distance_bias: tuple[float, ...]
    """One for each of `distance_edges`."""
    null: float
    """Score of referring to no word."""
    temperature: float = Field(gt=0)
    """All scores are divided by it before the softmax."""
    slope: float = 1.0
    intercept: float = 0.0
    """Platt's scaling: ``sigmoid(slope * logit(probability) + intercept)``."""
    static: float = 0.0
    """Weight of the static cosine when both lenses speak."""

    @model_validator(mode="after")
    def _one_bias_each(self) -> Self:
        if len(self.distance_edges) != len(self.distance_bias) or not self.distance_edges:
            raise ValueError("one bias for each distance edge")
        if self.distance_edges[0] > 1 or list(self.distance_edges) != sorted(set(self.distance_edges)):
            raise ValueError("distance edges rise, and the first one is at most 1")
        return self

    def calibrated(self, probability: float) -> float:
        """Probability, after Platt's scaling, that a word with this softmax probability is right."""
        kept = min(max(probability, 1e-6), 1 - 1e-6)
        return 1 / (1 + math.exp(-self.slope * math.log(kept / (1 - kept)) - self.intercept))


class ReferenceWeights(Wire):
    """All that resolving references takes from one model."""

    model: str
    """The transformer's name."""
    language: str
    profile: str
    n_heads: int = Field(ge=1)
    """Heads of the model, all layers."""
    heads: tuple[int, ...]
    """Heads to measure between all words."""
    row_heads: tuple[int, ...]
    """Heads to measure in the rows of pronouns only: what the pronoun attends to."""
    pronouns: tuple[str, ...]
    """The pronouns, in lower case, of which `words` speaks and which have rows of their own."""
    scale: FeatureScale = FeatureScale()
    reach_words: int = Field(ge=1)
    """Words between the heads of a mention and its furthest candidate."""
    chain_steps: int = Field(default=2, ge=0)
    """How often a pronoun passes on its own antecedents."""
    names: MentionRanker
    """Of a pronoun of the third person and given names (GAP)."""
    mentions: dict[str, MentionRanker]
    """By the mention's type."""
    words: WordsRanker

    @model_validator(mode="after")
    def _known_heads(self) -> Self:
        attention = [
            *self.names.attention,
            *(group for ranker in self.mentions.values() for group in ranker.attention),
            *self.words.attention,
        ]
        used = {head for group in attention for head in group.heads}
        if not used <= {*self.heads, *self.row_heads} or not all(0 <= h < self.n_heads for h in used):
            raise ValueError("a ranker uses a head that is not measured")
        return self
