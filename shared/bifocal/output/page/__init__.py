"""The page that `bifocal compare` writes: documents, words and pairs in one file that needs no network."""

from bifocal.output.page.page import Page

__all__ = ["Page"]
