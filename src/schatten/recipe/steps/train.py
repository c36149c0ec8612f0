"""The step `train`: the first one makes a model, later ones continue from the model before."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from schatten.recipe import initial as first_weights
from schatten.recipe.base import Name, Positive, Share
from schatten.recipe.objectives import Ctc, ObjectiveEntry
from schatten.recipe.steps.base import (
    Features,
    Given,
    Model,
    Need,
    Spellings,
    Statistics,
    TrainingStep,
    first_of,
    missing_code,
    settings_of,
)
from schatten.recipe.techniques import (
    Distillation,
    Penalty,
    Techniques,
    distillation_of,
    initialise_of,
    penalty_of,
    techniques_of,
)
from schatten.recipe.training import (
    APPLY_BELOW,
    APPLY_RECURRENT_BELOW,
    Continuation,
    Training,
)

if TYPE_CHECKING:
    from schatten.recipe.chain import Node

_EPOCH = re.compile(r"e?(\d+)")
_TIMES_LAST = re.compile(r"(\d+\.?\d*(?:e[+-]?\d+)?) ?x last")
_STAGE = re.compile(r"stage(\d+)")


def epoch_number(value: Any) -> Any:
    """Return the number of an epoch that is written as `e12`; return other values unchanged."""
    found = _EPOCH.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else value


def _times_last(rate: float | str | None) -> float | None:
    """Return the factor of `3 x last`; None for a plain learning rate."""
    found = _TIMES_LAST.fullmatch(rate) if isinstance(rate, str) else None
    return float(found[1]) if found else None


def _checked_rate(rate: Any) -> Any:
    if isinstance(rate, str) and _times_last(rate):
        return rate
    try:  # YAML reads 1e-4, which has no point, as text
        number = float(rate)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < math.inf:
        raise ValueError(
            f"{rate!r} is no learning rate: give a number above 0, or for instance 3 x last"
        )
    return number


LearningRate = Annotated[float | str, BeforeValidator(_checked_rate)]


class Train(TrainingStep):
    """Train a model from its initial weights, or continue from the model before.

    The first training of a chain uses the settings of one of `trainings`. A later one starts from
    the weights before it. It has its own learning rate and number of epochs.
    """

    kind: ClassVar[str] = "train"
    result_version: ClassVar[int] = 3
    """Raised when the results of a first training change."""
    continued_result_version: ClassVar[int] = 3
    """Raised when the results of later trainings change."""

    name: Name | None = None
    """Name in paths and tables; by default `stage1`, `stage2` and so on."""
    objective: ObjectiveEntry = ObjectiveEntry(ctc=Ctc())
    """The loss."""
    keep: tuple[Annotated[Positive, BeforeValidator(epoch_number)], ...] = ()
    """Epochs whose models are kept. Those from which a `truncate` starts are always kept."""
    epochs: Positive | None = None
    """Number of epochs; by default that of `training`, or 1 for a later training."""
    learning_rate: LearningRate | None = None
    """Highest learning rate. A later training may also have a multiple of the last one before; its
    default is `3 x last`."""
    final_learning_rate_ratio: Share | None = None
    """The learning rate falls exponentially to this share of the highest. The default is that of
    `training`, or 0.1 for a later training."""
    schedule: Literal["own", "continued"] = "own"
    """`own`: a schedule of its own. `continued`: continue the schedule of the first training from
    the truncated epoch (the trace norm paper, Kliegl et al., 2018, section 3.2.3). Then epochs and
    learning rate are not given."""
    apply_factors: bool = True
    """Whether a later training multiplies by V and then by U where that is faster than forming
    W = U V."""
    initial: Path | None = None
    """A `model.pt` or a bundle, relative to the project's folder. The first training starts from
    its weights (docs/how_to/start_from_a_model.md)."""
    frozen: first_weights.Frozen | None = None
    """Layers that keep these weights in the first epochs."""

    @model_validator(mode="after")
    def _a_continued_schedule_is_whole(self) -> "Train":
        own = self.epochs, self.learning_rate, self.final_learning_rate_ratio
        if self.schedule == "continued" and any(value is not None for value in own):
            raise ValueError(
                "schedule `continued` goes on with the first training's: remove epochs, "
                "learning_rate and final_learning_rate_ratio"
            )
        return self

    def training_in(self, node: "Node") -> Training:
        """Return the settings of the training; for a first one, this step's values replace them."""
        recipe = node.recipe
        base = recipe.trainings[self.training or node.system_settings.training]
        if node.parent is not None:
            return base
        own = {
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "final_learning_rate_ratio": self.final_learning_rate_ratio,
        }
        given = {name: value for name, value in own.items() if value is not None}
        return base.model_copy(update=given) if given else base

    def continuation_in(self, node: "Node") -> Continuation:
        """Return how a later training continues from the model before."""
        given: dict[str, Any] = {"apply_factors": self.apply_factors}
        if self.schedule == "continued":
            given["transition"] = "early"
        start = getattr(node.parent and node.parent.step, "from_epoch", None)
        given["at_epoch"] = start
        if self.epochs is not None:
            given["epochs"] = self.epochs
        if (factor := _times_last(self.learning_rate)) is not None:
            given["learning_rate_factor"] = factor
        elif self.learning_rate is not None:
            given["learning_rate"] = self.learning_rate
        if self.final_learning_rate_ratio is not None:
            given["final_learning_rate_ratio"] = self.final_learning_rate_ratio
        return Continuation(**given)

    def epochs_in(self, node: "Node") -> int:
        """Return the number of epochs of the training."""
        if node.parent is None:
            return self.training_in(node).epochs
        if self.schedule == "continued":
            first = first_of(node)
            assert isinstance(first.step, Train)
            return first.step.epochs_in(first) - self.start_in(node)
        return self.epochs or Continuation().epochs

    def start_in(self, node: "Node") -> int:
        """Return the epoch of the first training from which a continued schedule continues."""
        parent = node.parent
        if parent is None:
            return 0
        start: int | None = getattr(parent.step, "from_epoch", None)
        first = first_of(node)
        assert isinstance(first.step, Train)
        return start or first.step.epochs_in(first)

    def name_in(self, node: "Node") -> str:
        """Return the training's name, by default `stage` and its number in the chain."""
        if self.name is not None:
            return self.name
        number, one = 1, node.parent
        while one is not None:
            number, one = number + isinstance(one.step, Train), one.parent
        return f"stage{number}"

    def label_in(self, node: "Node") -> str | None:
        """Return the name, which is in later paths; None for the only start of a chain."""
        return None if node.is_only_start else self.name_in(node)

    def kept_epochs(self, node: "Node") -> tuple[int, ...]:
        """Return the epochs to keep: those in `keep`, and those from which a `truncate` starts."""
        starts = (getattr(child.step, "from_epoch", None) for child in node.children)
        return tuple(dict.fromkeys([*self.keep, *(start for start in starts if start)]))

    def needs(self, node: "Node") -> dict[str, Need]:
        """Return features of the training split and dev, and the source of the first weights."""
        splits, found = node.recipe.splits, dict[str, Need]()
        if node.parent is not None:
            found["model"] = Model(node.parent)
        found |= {"train": Features(splits.train), "dev": Features(splits.dev)}
        if self.initial is not None:
            found["initial"] = Given(first_weights.file_of(self.initial))
        elif node.parent is None:
            found["statistics"] = Statistics()
        if node.recipe.unit_set(node.units) is not None:
            found["units"] = Spellings()
        return found | self.models_of_techniques(node)

    def settings(self, node: "Node") -> str:
        """Return seed, model, training and techniques; for a later one, how it continues."""
        if node.parent is not None:
            return self._continued_settings(node)
        recipe, system = node.recipe, node.system_settings
        penalty, taught = penalty_of(self.techniques), distillation_of(self.techniques)
        return settings_of(
            "train",
            self.result_version,
            node.seed,
            _shape(recipe.models[system.model]),
            trained(self.training_in(node), penalty),
            penalty.model_dump(mode="json"),
            system.factorization,
            recipe.text.alphabet,
            self.kept_epochs(node),
            *([] if taught is None else [taught.model_dump(mode="json")]),
            *_others(self.techniques, penalty, taught),
            *self._initial_settings(),
            *self._objective_settings(),
            *units_settings(node),
        )

    def _objective_settings(self) -> list[dict[str, Any]]:
        """Return the objective if it is not the default."""
        objective = self.objective.plain()
        return [] if objective is None else [{"objective": objective}]

    def _initial_settings(self) -> list[dict[str, Any]]:
        """Return the checksum of the weights from which it starts, and the frozen layers."""
        found: list[dict[str, Any]] = []
        if self.initial is not None:
            found.append({"initial": first_weights.sha256_of(self.initial)})
        if self.frozen is not None:
            found.append({"frozen": self.frozen.model_dump(mode="json")})
        return found

    def _continued_settings(self, node: "Node") -> str:
        first = first_of(node)
        assert isinstance(first.step, Train)
        penalty = penalty_of(first.step.techniques)
        continuation = self.continuation_in(node).model_dump(mode="json")
        if continuation["learning_rate"] is None:
            del continuation["learning_rate"]
        if continuation.pop("apply_factors"):
            continuation["apply_below"] = APPLY_BELOW, APPLY_RECURRENT_BELOW
        kept, plain = self.kept_epochs(node), [one.plain() for one in self.techniques]
        return settings_of(
            "stage2",
            self.continued_result_version,
            node.seed,
            trained(self.training_in(node), penalty),
            continuation,
            *([{"techniques": plain}] if plain else []),
            *([{"keep": kept}] if kept else []),
            *self._initial_settings(),
            *self._objective_settings(),
            *units_settings(node),
        )

    def spoken(self, node: "Node") -> str:
        """Return the name for messages, such as `stage 1`."""
        name = self.name_in(node)
        found = _STAGE.fullmatch(name)
        return f"stage {found[1]}" if found else name

    def problem(self, node: "Node") -> str | None:
        """Return what is wrong with the training in its chain; None if nothing is."""
        if self.name == "whole":
            return "`whole` is in paths what was not compressed: give the training another name"
        problem = next(self._problems(node), None)
        return None if problem is None else f"{self.name_in(node)}: {problem}"

    def _problems(self, node: "Node") -> Iterator[str]:
        """Yield the problems; a check that depends on another one comes after it."""
        yield from missing_code(self.objective.own, *(entry.own for entry in self.techniques))
        if node.parent is None and _times_last(self.learning_rate) is not None:
            yield "the first training follows none, so there is no last learning rate"
        if self.schedule == "continued":
            if node.parent is None or node.parent.parent is not first_of(node):
                yield "schedule `continued` needs a `truncate` of the first training"
            if self.epochs_in(node) < 1:
                yield "schedule `continued` has no epoch left: truncate an earlier one"
        training, epochs = self.training_in(node), self.epochs_in(node)
        if node.parent is None and training.hold_epochs >= epochs:
            yield (
                f"hold_epochs {training.hold_epochs:g} of its training leaves none of {epochs} "
                "epochs for the learning rate to fall"
            )
        for late in (epoch for epoch in self.keep if epoch > epochs):
            yield f"keep {late} comes too late, it has {epochs} epochs"
        model = node.recipe.models[node.system_settings.model]
        is_first = node.parent is None
        yield from first_weights.problems(self.initial, self.frozen, model, is_first=is_first)
        yield from self.technique_problems(node)

    def technique_problems(self, node: "Node") -> Iterator[str]:
        """Yield the problems with the techniques."""
        yield from super().technique_problems(node)
        if initialise_of(self.techniques) is not None:
            if self.initial is not None:
                yield "initial and initialise both give the first weights: remove one"
            if node.parent is None and self.techniques[0].initialise is None:
                yield "initialise acts before all other techniques: put it first"


def units_settings(node: "Node") -> list[dict[str, Any]]:
    """Return the settings of the model's unit set; characters have none."""
    units = node.recipe.unit_set(node.units)
    return [] if units is None else [{"units": units.model_dump(mode="json")}]


def trained(training: Training, penalty: Penalty) -> Any:
    """Return the settings of a training that have an effect with this penalty, as JSON."""
    absent = {"hold_epochs": training.hold_epochs, "first_label_after": training.first_label_after}
    unset = {name for name, value in absent.items() if not value}
    if training.accumulate_gradients == 1:
        unset.add("accumulate_gradients")
    if training.hours is None:
        unset.add("hours")
    factored = penalty.type == "trace_norm"
    if training.factor_warmup is None or not factored:
        unset.add("factor_warmup")
    if training.factor_learning_rate_ratio == 1 or not factored:
        unset.add("factor_learning_rate_ratio")
    return training.model_dump(mode="json", exclude=unset)


def _shape(model: Any) -> Any:
    unset = {"highest_frequency"} if model.highest_frequency is None else set()
    return model.model_dump(mode="json", exclude=unset)


def _others(techniques: Techniques, penalty: Penalty, taught: Distillation | None) -> list[Any]:
    """Return all techniques if they are more than the keys `penalty` and `distill` can say."""
    if techniques == techniques_of(penalty, taught):
        return []
    return [{"techniques": [entry.plain() for entry in techniques]}]
