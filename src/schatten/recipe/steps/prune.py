"""The step `prune`: sets the smallest blocks of large matrices to zero, all at once."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator

from schatten.recipe.pruning import SparsityTarget, plain_target
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


class Prune(Step, SparsityTarget):
    """Set the smallest weights of the large matrices to zero.

    Example: `prune: {sparsity: 0.75, block: [16, 4]}`. Later trainings keep the zeros. A single
    step is one-shot pruning. Several steps with trainings between them are iterative pruning (Han
    et al., 2015).
    """

    kind: ClassVar[str] = "prune"
    log_name: ClassVar[str] = "prune.log"
    compresses: ClassVar[bool] = True
    result_version: ClassVar[int] = 1

    refit: bool = False
    """Whether to refit the remaining weights by least squares to the inputs of each matrix. Inputs
    are measured on training speech. Only for matrices that are not factored."""

    @model_validator(mode="before")
    @classmethod
    def _something(cls, data: Any) -> Any:
        return {} if data is None else data

    def name_in(self, node: "Node") -> str:
        """Return `pruned`."""
        return "pruned"

    def label_in(self, node: "Node") -> str:
        """Return the target's label: `sparse0.75b16x4refit`."""
        return f"{self.target_label}{'refit' if self.refit else ''}"

    def needs(self, node: "Node") -> dict[str, Need]:
        """Return the model, and also training speech if inputs are measured."""
        assert node.parent is not None
        found: dict[str, Need] = {"model": Model(node.parent)}
        return found | ({"train": Features(node.recipe.splits.train)} if self.refit else {})

    def settings(self, node: "Node") -> str:
        """Return the target, and with `refit` also the settings of batches."""
        batches = []
        if self.refit:
            training = node.recipe.trainings[node.system_settings.training]
            batches = [training.batch_seconds, training.epoch_parts]
        return settings_of("prune", self.result_version, plain_target(self), *batches)

    def spoken(self, node: "Node") -> str:
        """Return the target, such as `75 % zeros, blocks of 16x4`."""
        return f"{self.target_spoken}{', refitted' if self.refit else ''}"

    def problem(self, node: "Node") -> str | None:
        """Return why nothing can be pruned here; None if it can."""
        if node.parent is None or not isinstance(node.parent.step, TrainingStep):
            before = "nothing" if node.parent is None else f"`{node.parent.step.kind}`"
            return f"`prune` follows {before}: it needs a `train` right before it"
        if self.refit and any(one.step.kind == "truncate" for one in node.chain):
            return "`prune` with `refit` needs matrices that are not factored: remove `refit`"
        return None
