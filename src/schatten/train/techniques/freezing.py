"""Layers that keep their weights in the first epochs of a training."""

from collections.abc import Sequence

from torch import nn

from schatten.models import AcousticModel
from schatten.models.named import layer_parts
from schatten.train.techniques.base import ParameterGroup, Step, Technique


class Freezing(Technique):
    """Keeps weights and running statistics of some layers for some epochs.

    Their learning rate is zero. So the moments of Adam are those of the present gradients when the
    layers begin to train, and several processes see a gradient of every weight. A weight that
    several layers share is frozen if all of them are.
    """

    def __init__(self, layers: Sequence[str], epochs: int) -> None:
        """Take names of layers as `schatten.recipe.initial.layers_of` lists them, and epochs."""
        self.layers, self.epochs = layers, epochs
        self._is_frozen = True
        self._modes: dict[nn.Module, bool] = {}

    def prepare(self, model: AcousticModel) -> None:
        """Note the modes of the layers' norms, which they get back after the epochs."""
        _, norms = layer_parts(model, self.layers)
        self._modes = {norm: norm.training for norm in norms}

    def groups(self, model: AcousticModel) -> list[ParameterGroup]:
        """Return the layers' parameters, with no learning rate as long as they are frozen."""
        parameters, _ = layer_parts(model, self.layers)
        return [ParameterGroup(parameters, lambda step: 0.0 if self._is_frozen else 1.0)]

    def before_step(self, step: Step) -> None:
        """Freeze or free the layers, by the epoch alone."""
        self._is_frozen = step.epoch < self.epochs
        for norm, mode in self._modes.items():
            norm.train(mode and not self._is_frozen)
