"""Transformers, loaded and ready to be listened to."""

from bifocal_contextual.model.transformer import Transformer, load_transformer

__all__ = ["Transformer", "load_transformer"]
