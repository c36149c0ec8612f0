"""The step `remove_units`: removes whole units of layers. The model gets smaller, stays dense."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from schatten.recipe.base import Positive
from schatten.recipe.models import Lstm
from schatten.recipe.ranks import digits
from schatten.recipe.steps.base import (
    Features,
    Model,
    Need,
    Step,
    TrainingStep,
    settings_of,
)

if TYPE_CHECKING:
    from schatten.recipe.chain import Node


def _not_all(share: float) -> float:
    if share >= 1:
        raise ValueError("a share of 1 keeps nothing: give the share of units that go, below 1")
    return share


Removed = Annotated[float, Field(gt=0), AfterValidator(_not_all)]
_TARGETS = ("share", "parameters", "bytes")


class RemoveUnits(Step):
    """Remove whole units of recurrent and fully connected layers.

    Example: `remove_units: {share: 0.5}`. The layers get smaller and the matrices stay dense, so
    the model is faster in every runtime. Units are those of Wen et al. (2018). Give exactly one of
    `share`, `parameters` and `bytes`.
    """

    kind: ClassVar[str] = "remove_units"
    log_name: ClassVar[str] = "remove_units.log"
    compresses: ClassVar[bool] = True
    result_version: ClassVar[int] = 1

    share: Removed | None = None
    """Share of the units that are removed. At least one unit of each layer stays."""
    parameters: Positive | None = None
    """Largest number of parameters of the model."""
    bytes: Positive | None = None
    """Largest size of the large matrices in int8, in bytes, with a scale of 4 bytes for each
    row."""
    score: Literal["activations", "group_lasso", "magnitude"] = "activations"
    """Score of a unit; units with low scores are removed. `activations`: what it contributes to the
    layers that read it, measured on training speech. `group_lasso`: the norm of all its weights.
    `magnitude`: the mean magnitude of its incoming weights."""
    allocation: Literal["uniform", "global"] = "uniform"
    """`uniform`: every layer loses the same share. `global`: the units of all layers compete. A
    unit counts by its share of what is left of its layer (Lee et al., 2021)."""

    @model_validator(mode="after")
    def _one_target(self) -> "RemoveUnits":
        given = [name for name in _TARGETS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(_TARGETS)}: how small the model becomes")
        return self

    @property
    def spoken_kind(self) -> str:
        """`shrink`."""
        return "shrink"

    def name_in(self, node: "Node") -> str:
        """Return `removed`."""
        return "removed"

    def label_in(self, node: "Node") -> str:
        """Return target, score and allocation as in paths: `units0.50magnitude`."""
        if self.share is not None:
            said = f"units{digits(self.share)}"
        else:
            said = f"unitsp{self.parameters}" if self.parameters else f"unitsb{self.bytes}"
        score = "" if self.score == "activations" else self.score
        return f"{said}{score}{'global' if self.allocation == 'global' else ''}"

    def needs(self, node: "Node") -> dict[str, Need]:
        """Return the model, and also training speech if activations are measured."""
        assert node.parent is not None
        found: dict[str, Need] = {"model": Model(node.parent)}
        speech: dict[str, Need] = {"train": Features(node.recipe.splits.train)}
        return found | (speech if self.score == "activations" else {})

    def settings(self, node: "Node") -> str:
        """Return the target, and with measured activations also the settings of batches."""
        batches = []
        if self.score == "activations":
            training = node.recipe.trainings[node.system_settings.training]
            batches = [training.batch_seconds, training.epoch_parts]
        target = self.model_dump(mode="json", exclude_defaults=True)
        return settings_of("remove_units", self.result_version, target, *batches)

    def spoken(self, node: "Node") -> str:
        """Return the target, such as `50 % of its units`."""
        if self.share is not None:
            said = f"{100 * (1 - self.share):g} % of its units"
        elif self.parameters is not None:
            said = f"{self.parameters:,} parameters"
        else:
            said = f"{self.bytes:,} bytes"
        score = "" if self.score == "activations" else f", by {self.score.replace('_', ' ')}"
        return f"{said}{score}{', over all layers' if self.allocation == 'global' else ''}"

    def problem(self, node: "Node") -> str | None:
        """Return why no unit can be removed here; None if it can."""
        if node.parent is None or not isinstance(node.parent.step, TrainingStep):
            before = "nothing" if node.parent is None else f"`{node.parent.step.kind}`"
            return f"`remove_units` follows {before}: it needs a `train` right before it"
        if any(_leaves_no_dense_model(one.step) for one in node.parent.chain):
            return "`remove_units` needs a dense model: put it before `truncate` and pruning"
        model = node.recipe.models[node.system_settings.model]
        if isinstance(model, Lstm) and model.projection:
            return "`remove_units` is of layers without projections: take a model without them"
        if node.system_settings.factorization in ("six", "projection"):
            return (
                f"`remove_units` and the factorization {node.system_settings.factorization} do not "
                "go together: take partial, split or joint"
            )
        return None


def _leaves_no_dense_model(step: Step) -> bool:
    prunes = isinstance(step, TrainingStep) and any(one.prunes for one in step.techniques)
    return prunes or step.kind in ("truncate", "prune")
