"""The step `truncate`: truncated singular value decomposition (SVD) of the large matrices."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from schatten.recipe.ranks import Rank, RankRule
from schatten.recipe.steps.base import Features, Model, Need, Step, TrainingStep, settings_of
from schatten.recipe.steps.train import epoch_number

if TYPE_CHECKING:
    from schatten.recipe.chain import Node


class Truncate(Step):
    """Store each large matrix as U V of a lower rank.

    Example: `truncate: {tau: 0.8, from: e12}`. The keys of one rank rule stand beside `from`.
    """

    kind: ClassVar[str] = "truncate"
    log_name: ClassVar[str] = "factor.log"
    compresses: ClassVar[bool] = True
    result_version: ClassVar[int] = 1
    measured_result_version: ClassVar[int] = 1
    """Result version for rank rules that weight errors by measured inputs."""

    rule: Rank
    """The rank rule. In YAML, its keys stand beside `from`."""
    from_epoch: int | None = Field(default=None, gt=0, title="from")
    """Epoch of the training whose model is truncated, such as `e12`; by default the last."""

    @model_validator(mode="before")
    @classmethod
    def _rule_beside_from(cls, data: Any) -> Any:
        if not isinstance(data, dict) or isinstance(data.get("rule"), dict | RankRule):
            return data
        rule = {key: value for key, value in data.items() if key not in ("from", "from_epoch")}
        start = data.get("from", data.get("from_epoch"))
        return {"rule": rule, "from_epoch": epoch_number(start)}

    def name_in(self, node: "Node") -> str:
        """Return `factored`."""
        return "factored"

    def label_in(self, node: "Node") -> str:
        """Return the rank rule and the truncated epoch as in paths: `tau0.60@e12`."""
        return f"{self.rule.label}@e{self.epoch_in(node)}"

    def epoch_in(self, node: "Node") -> int:
        """Return the epoch of the training whose model is truncated."""
        assert node.parent is not None and isinstance(node.parent.step, TrainingStep)
        return self.from_epoch or node.parent.step.epochs_in(node.parent)

    def needs(self, node: "Node") -> dict[str, Need]:
        """Return the model, and also training speech if inputs are measured."""
        assert node.parent is not None
        speech: dict[str, Need] = {"train": Features(node.recipe.splits.train)}
        model: dict[str, Need] = {"model": Model(node.parent, self.from_epoch)}
        return model | (speech if self.rule.activations else {})

    def settings(self, node: "Node") -> str:
        """Return the rank rule, and with measured inputs also the settings of batches."""
        rule = self.rule.model_dump(mode="json", exclude_defaults=True)
        plain = settings_of("factor", self.result_version, rule)
        if not self.rule.activations:
            return plain
        training = node.recipe.trainings[node.system_settings.training]
        batches = training.batch_seconds, training.epoch_parts
        return settings_of("calibration", self.measured_result_version, plain, *batches)

    def spoken(self, node: "Node") -> str:
        """Return the rank rule for messages, such as `tau 0.70`."""
        return self.spoken_rank

    @property
    def spoken_rank(self) -> str:
        """The rank rule for messages, with the epoch if one is given."""
        epoch = f" of epoch {self.from_epoch}" if self.from_epoch else ""
        return f"{self.rule.rule_spoken}{epoch}{self.rule.weighting}"

    def problem(self, node: "Node") -> str | None:
        """Return why nothing can be truncated here; None if it can."""
        if node.parent is None or not isinstance(node.parent.step, TrainingStep):
            before = "nothing" if node.parent is None else f"`{node.parent.step.kind}`"
            return f"`truncate` follows {before}: it needs a `train` right before it"
        epochs = node.parent.step.epochs_in(node.parent)
        if self.from_epoch is not None and self.from_epoch > epochs:
            return (
                f"`truncate` from e{self.from_epoch} comes too late, "
                f"{node.parent.step.name_in(node.parent)} has {epochs} epochs"
            )
        return None
