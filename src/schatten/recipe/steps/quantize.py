"""The step `quantize`: training with quantized passes, as the engine computes in int8 or int4."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from schatten.recipe.models import DeepSpeech2
from schatten.recipe.steps.base import settings_of
from schatten.recipe.steps.train import Train

if TYPE_CHECKING:
    from schatten.recipe.chain import Node


class Quantize(Train):
    """Continue training with weights, activations and states rounded as the engine rounds them.

    Example: `quantize: {bits: 4, epochs: 2}`. BatchNorm is folded into the weights and frozen.
    There is no dropout. Its other keys are those of a later `train`. By default it is one epoch.
    """

    kind: ClassVar[str] = "quantize"
    log_name: ClassVar[str] = "quantize.log"
    quantized_result_version: ClassVar[int] = 1
    """Raised when the results change."""

    bits: Literal[8, 4] = 8
    """Bits of the weights of large matrices. Convolutions and the output layer have 8."""

    @property
    def deployed(self) -> str:
        """`int8` or `int4`, by the bits."""
        return f"int{self.bits}"

    @property
    def precision(self) -> str:
        """That of a device: its passes are quantised wherever it runs."""
        return self.deployed

    def name_in(self, node: "Node") -> str:
        """Return the name, by default `int8` or `int4`."""
        return self.name or self.deployed

    def settings(self, node: "Node") -> str:
        """Return the bits, and the settings of a later training."""
        return settings_of(
            "quantize", self.quantized_result_version, self.bits, self._continued_settings(node)
        )

    def problem(self, node: "Node") -> str | None:
        """Return what is wrong with the step at this place of its chain; None if nothing is."""
        if node.parent is None:
            return "it begins with `quantize`: begin with `train`"
        return super().problem(node)

    def _problems(self, node: "Node") -> Iterator[str]:
        """Yield the problems; a check that depends on another one comes after it."""
        model = node.recipe.models[node.system_settings.model]
        if isinstance(model, DeepSpeech2) and model.recurrent != "gru":
            yield "passes of GRUs and LSTMs can be quantised: take a model with such layers"
        if node.children:
            yield "`quantize` ends a chain: put it last, or at the end of a branch"
        if self.schedule == "continued":
            yield "schedule `continued` is of `train`: remove it"
        if any(one.auxiliary for one in self.techniques):
            yield "auxiliary has an output that the engine lacks: put it into a `train`"
        yield from super()._problems(node)
