"""The command line: `bifocal compare`, `serve`, `doctor`."""

from bifocal.cli.app import main

__all__ = ["main"]
