"""What the ends of pairs are, words or runs of words, and what the lenses say of them."""

from bifocal_gateway.units.contextual import UnitAttention
from bifocal_gateway.units.static import static_of_units
from bifocal_gateway.units.units import Units, units_of

__all__ = ["UnitAttention", "Units", "static_of_units", "units_of"]
