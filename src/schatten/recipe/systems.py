"""The recipe's `systems`: a model with a chain of steps, or with keys that stand for a chain."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import model_validator

from schatten.recipe.base import Name, Seeds, Settings
from schatten.recipe.chain import Chain, ChainEntry, Link, entry_of
from schatten.recipe.models import DeepSpeech2, Model
from schatten.recipe.ranks import Ranks
from schatten.recipe.steps import Prune, Quantize, Step, Train, TrainingStep, Truncate
from schatten.recipe.techniques import (
    Distillation,
    Initialise,
    Penalty,
    distillation_of,
    initialise_of,
    penalty_of,
    reference_of,
    techniques_of,
)
from schatten.recipe.training import Stage2

CHARACTERS = "characters"
"""The default unit set of systems; it needs no entry in `units`."""
_SUGAR = ("penalty", "distill", "ranks", "stage2")
"""Keys that stand for a chain."""


class System(Settings):
    """A named acoustic model: a model architecture and a chain of steps.

    Most systems have the same chain: a first training, a truncation to each rank, and a training
    after it. For these, `penalty`, `distill`, `ranks` and `stage2` replace `chain`.
    """

    model: Name
    """One of `models`."""
    units: Name = CHARACTERS
    """Output units: `characters`, or one of `units`."""
    chain: Chain | None = None
    """The steps, instead of `penalty`, `distill`, `ranks` and `stage2`."""
    penalty: Penalty = Penalty(type="none")
    """Penalty that stage 1 adds to the loss."""
    factorization: Literal["partial", "split", "joint", "six", "projection"] = "partial"
    """Which matrices are factored together (docs/concepts.md). `split`: each gate by itself.
    `partial`: the recurrent gates of a layer, and its non-recurrent gates. `joint`: all matrices
    that read the same vector. `six`: all matrices of a layer. `projection`: the shared projections
    of LSTMs (Prabhavalkar et al., 2016)."""
    distill: Distillation | None = None
    """Teacher from which stage 1 learns, besides the labels."""
    ranks: Ranks = ()
    """Rank rules for its truncation. Each rule gives a row of the table."""
    stage2: Stage2 | None = None
    """Training after truncation."""
    seeds: Seeds = (1,)
    """Seeds; each gives one training."""
    training: Name = "default"
    """One of `trainings`."""
    precisions: tuple[Literal["fp32", "int8", "int4"], ...] = ()
    """Precisions in which the model is exported and decoded by the engine. Each one gives a row of
    the engine's table."""

    @property
    def layout(self) -> str:
        """The factorization of stage 1.

        It is `joint` for `projection`, because all matrices that read a state share one weight.
        """
        return "joint" if self.factorization == "projection" else self.factorization

    @property
    def learns_by(self) -> str:
        """Penalty, teacher and other techniques of stage 1, for tables."""
        first = self.first_training
        said: list[str] = [self.regularizer.type]
        for entry in first.techniques:
            if entry.distillation is not None:
                said.append(f"taught by {entry.distillation.teacher}")
            elif entry.name not in ("l2", "trace_norm"):
                said.append(f"with {entry.spoken}")
        if first.objective.own is not None:
            said.append(f"objective {first.objective.own.file.stem}")
        return ", ".join(said)

    @property
    def links(self) -> tuple[Link, ...]:
        """The chain: `chain`, or the chain that the other keys stand for."""
        return self.chain if self.chain is not None else tuple(self._expanded())

    def _expanded(self) -> Iterator[Link]:
        """Yield the chain that `penalty`, `distill`, `ranks` and `stage2` stand for."""
        stage2 = self.stage2
        starts = () if stage2 is None else stage2.factored_epochs()
        techniques = techniques_of(self.penalty, self.distill)
        kept = tuple(start for start in starts if start is not None)
        yield entry_of(Train(name="stage1", techniques=techniques, keep=kept))
        if stage2 is not None and self.ranks:
            pairs = dict.fromkeys((rank, start) for start in starts for rank in self.ranks)
            yield tuple(entry_of(Truncate(rule=rank, from_epoch=start)) for rank, start in pairs)
            yield entry_of(_later_training(stage2))

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of the chain, branch after branch."""
        return tuple(_steps(self.links))

    @property
    def first_training(self) -> Train:
        """The first training of the chain."""
        return next(step for step in self.steps if isinstance(step, Train))

    @property
    def regularizer(self) -> Penalty:
        """The penalty of the first training."""
        return penalty_of(self.first_training.techniques)

    @property
    def teachers(self) -> list[Distillation]:
        """The distillations of all trainings of the chain."""
        found = (distillation_of(s.techniques) for s in self.steps if isinstance(s, TrainingStep))
        return [one for one in found if one is not None]

    @property
    def source(self) -> Initialise | None:
        """The other system whose weights the first training starts from, if there is one."""
        return initialise_of(self.first_training.techniques)

    @property
    def truncations(self) -> tuple[Truncate, ...]:
        """The truncations of the chain."""
        return tuple(step for step in self.steps if isinstance(step, Truncate))

    @property
    def references(self) -> tuple[str, ...]:
        """Systems whose weights give the thresholds for its pruning."""
        found = (reference_of(s.techniques) for s in self.steps if isinstance(s, TrainingStep))
        return tuple(one for one in found if one is not None)

    @property
    def is_pruned(self) -> bool:
        """Whether a step of the chain, or a technique of a step, prunes large matrices."""
        return any(
            isinstance(step, Prune)
            or (isinstance(step, TrainingStep) and any(one.prunes for one in step.techniques))
            for step in self.steps
        )

    @property
    def is_quantized(self) -> bool:
        """Whether a step of the chain trains with quantised passes."""
        return any(isinstance(step, Quantize) for step in self.steps)

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "System":
        given = [key for key in _SUGAR if key in self.model_fields_set]
        if self.chain is not None and given:
            raise ValueError(f"chain says it all: remove {' and '.join(given)}, or chain")
        if self.ranks and self.stage2 is None:
            raise ValueError("ranks are given but no stage2: say how it is trained, e.g. epochs")
        return self


def _later_training(stage2: Stage2) -> Train:
    """Return the training after truncation that the key `stage2` stands for.

    With `early`, its own epochs and learning rate have no effect, and a chain would refuse them.
    They stay in the settings because results of earlier versions were recorded with them.
    """
    own: dict[str, Any] = {
        "epochs": stage2.epochs,
        "learning_rate": f"{stage2.learning_rate_factor!r} x last",
        "final_learning_rate_ratio": stage2.final_learning_rate_ratio,
    }
    if stage2.transition == "early":
        step = Train(name="stage2", schedule="continued", apply_factors=stage2.apply_factors)
        return step.model_copy(update=own)
    return Train(name="stage2", apply_factors=stage2.apply_factors, **own)


def _steps(links: tuple[Link, ...]) -> Iterator[Step]:
    for link in links:
        if isinstance(link, ChainEntry):
            yield link.step
        elif not isinstance(link, str):
            yield from _steps(link)


def factorization_problem(system: System, model: Model) -> str | None:
    """Return why a system's factorization does not fit its model; None if it does."""
    projects = system.factorization == "projection"
    if system.factorization == "six" and len(set(model.widths)) > 1:
        return (
            f"six joins matrices that read vectors of one width, but those of {system.model} are "
            f"{', '.join(map(str, model.widths))}, input first: take partial, split or joint"
        )
    if isinstance(model, DeepSpeech2):
        known = "take partial, split or joint for deep_speech_2"
        return f"projection is of LSTM stacks: {known}" if projects else None
    cut = projects or system.truncations or system.regularizer.type == "trace_norm"
    if model.projection and cut:
        return (
            f"{system.model} has projections, which are factors already: give it no ranks and "
            "no trace_norm, or take the projection out of the model"
        )
    return None


def reference_problem(name: str, systems: dict[str, System]) -> str | None:
    """Return why a system cannot take its thresholds from its reference; None if it can."""
    for reference in systems[name].references:
        other, own = systems[reference], systems[name]
        if reference == name or other.references:
            return f"{reference} is pruned by thresholds itself: name a system that is not"
        if (other.model, other.layout) != (own.model, own.layout):
            return (
                f"{reference} has the model {other.model} ({other.layout}), {name} has {own.model} "
                f"({own.layout}): name a reference with matrices of the same sizes"
            )
    return None


def distillation_problem(name: str, systems: dict[str, System], models: dict[str, Model]) -> str:
    """Return why a system cannot learn from its teacher; an empty text if it can or has none."""
    for taught in systems[name].teachers:
        teacher = systems[taught.teacher]
        if taught.teacher == name or teacher.teachers:
            return f"{taught.teacher} learns from a teacher itself: name a system that does not"
        large, small = models[teacher.model], models[systems[name].model]
        if (large.feature, large.stride) != (small.feature, small.stride):
            return (
                f"{taught.teacher} reads {large.feature} at a stride of {large.stride} frames and "
                f"{name} {small.feature} at {small.stride}: they must be the same"
            )
        if teacher.units != systems[name].units:
            return (
                f"{taught.teacher} writes {teacher.units} and {name} {systems[name].units}: "
                "they must be the same"
            )
    return ""


def source_problem(name: str, systems: dict[str, System], models: dict[str, Model]) -> str:
    """Return why a system cannot start from another's weights; empty if it can or does not."""
    system = systems[name]
    if system.source is None:
        return ""
    source = systems[system.source.system]
    if source is system or source.source is not None or source.teachers:
        return (
            f"{system.source.system} needs another system's model first: name a system with "
            "neither `initialise` nor a teacher"
        )
    if _shape(models[source.model]) != _shape(models[system.model]):
        return (
            f"{source.model} and {system.model} are models of another shape: they may differ in "
            "their stride over frames and in dropout alone"
        )
    if source.layout != system.layout or source.regularizer.type == "trace_norm":
        return (
            f"{system.source.system} stores its matrices in another way than {name} starts with: "
            "name a system of the same factorization without trace_norm"
        )
    return ""


def _shape(model: Model) -> dict[str, Any]:
    """Return the settings that decide the shapes of a model's weights."""
    settings = model.model_dump(exclude={"dropout", "keep_every", "highest_frequency"})
    for convolution in settings.get("convolutions", ()):
        convolution["stride"] = convolution["stride"][1]
    return settings
