"""A folder whose files are compared as they come, each exactly once."""

from bifocal.watch.folders import Folders
from bifocal.watch.memory import Memory
from bifocal.watch.watcher import Done, Watcher

__all__ = ["Done", "Folders", "Memory", "Watcher"]
