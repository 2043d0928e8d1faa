"""Kinds of relations, as a head catalogue tells them."""

from bifocal_contextual.kinds.finder import FoundKinds, KindFinder

__all__ = ["FoundKinds", "KindFinder"]
