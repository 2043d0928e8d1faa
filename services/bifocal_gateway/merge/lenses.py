"""A model of a job on one document, as the merge takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bifocal.contracts import ContextualSummary, StaticSummary
from bifocal.lenses import ContextualOutput, StaticOutput
from bifocal_gateway.units import UnitAttention, Units, static_of_units


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticView:
    """A static model on a document."""

    summary: StaticSummary
    output: StaticOutput
    content_hash: str

    def of_units(self, units: Units) -> StaticOutput:
        """Its output with units in the place of words."""
        return static_of_units(self.output, units)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextualView:
    """A contextual model on a document; `kinds` are the names behind the codes of its pairs' kinds."""

    summary: ContextualSummary
    output: ContextualOutput
    content_hash: str
    kinds: Sequence[str] = ()

    def of_units(self, units: Units) -> UnitAttention:
        """Its weights between units."""
        return UnitAttention(output=self.output, units=units)
