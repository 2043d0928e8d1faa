"""A method heard in one layer alone."""

import torch

from bifocal_contextual.attention import AttentionCall
from bifocal_contextual.methods.base import Relator


class OneLayer:
    """Lets a method hear one layer, from 0; what it makes of that is the layer's."""

    def __init__(self, relator: Relator, layer: int) -> None:
        self._relator = relator
        self._layer = layer

    def hear(self, call: AttentionCall) -> None:
        """Take in the layer."""
        if call.layer == self._layer:
            self._relator.hear(call)

    def matrix(self) -> torch.Tensor:
        """As the method's own."""
        return self._relator.matrix()
