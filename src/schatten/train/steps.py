"""The steps of a chain that make a model, each from files to files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from schatten import models
from schatten.artifacts import Epoch, History, Point
from schatten.errors import UserError
from schatten.features.store import read_statistics
from schatten.models import AcousticModel
from schatten.models.quantized import quantized
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.steps import (
    Prune,
    Quantize,
    RemoveUnits,
    Sequence,
    Step,
    Train,
    TrainingStep,
    Truncate,
)
from schatten.recipe.training import APPLY_BELOW, APPLY_RECURRENT_BELOW
from schatten.runtime.launch import place
from schatten.runtime.provenance import machine_and_commit
from schatten.train import techniques
from schatten.train.calibration import input_moments
from schatten.train.initial import begin_with
from schatten.train.measure import stored_parameters
from schatten.train.one_shot import pruned, without_units
from schatten.train.randomness import seed_step
from schatten.train.schedule import schedule_of
from schatten.train.state import epoch_model, training_state
from schatten.train.targets import Targets
from schatten.train.techniques import Context
from schatten.train.techniques.freezing import Freezing
from schatten.train.techniques.spectra import matrix_measures
from schatten.train.truncation import truncated
from schatten.units import Units
from schatten.units.spelled import SpelledUnits

if TYPE_CHECKING:
    from schatten.train import loop

INITIALISATION = 2**31
"""The step number that seeds a model's initial weights."""

Inputs = Mapping[str, Path]
"""Files by the option of the verb: `train`, `dev`, `statistics`, `units`, `model`, `teacher`,
`reference`, `start`, `hypotheses`, `initial`."""


def history_of(model: Path) -> Path:
    """Return where a model's history lies: `history.json` beside it."""
    return model.with_name("history.json")


def read_history(model: Path) -> History:
    """Return the history of a model; a missing or damaged file is a `UserError`."""
    return History.read(history_of(model))


_SEALED = (
    "train",
    "dev",
    "statistics",
    "units",
    "model",
    "teacher",
    "reference",
    "start",
    "hypotheses",
    "initial",
)
"""Inputs that the key of a training's state follows from, in this order."""


def train(node: Node, inputs: Inputs, output: Path, loaders: int = 0) -> None:
    """Train the model of a node; write it with its history, and the epochs that are kept.

    `loaders` processes read features ahead; no byte depends on them.

    Errors: `UserError` for a node that is no training, and for an input that is not given.
    """
    step = node.step
    if not isinstance(step, TrainingStep):
        raise UserError(f"{node.path} is made by `{_verb(step)}`, not by `schatten train`")
    from schatten.train import loop, objectives  # Fabric, which truncations do without

    _require(node, inputs)
    model, training = _starting_model(node, inputs), step.training_in(node)
    targets = targets_of(node, inputs, model.units)
    if isinstance(step, Sequence):
        objective = objectives.make_sequence(step, training, model, targets, inputs)
    else:
        assert isinstance(step, Train)
        objective = objectives.make(training, model, step.objective)
    plan = loop.Plan(
        training,
        objective,
        [*_frozen(step), *techniques.make(step.techniques, _context(node, inputs))],
        schedule_of(node),
        step.epochs_in(node),
        node.seed,
        (inputs["train"], inputs["dev"]),
        targets,
        node.kept_epochs,
    )
    files = [inputs[name] for name in _SEALED if name in inputs]
    with training_state(node.settings, files, output) as state:
        course = loop.train(model, plan, state, loaders)
        if place().rank > 0:
            return
        for epoch in node.kept_epochs:
            kept = models.load(epoch_model(state / "model.pt", epoch))
            models.save(kept, epoch_model(output, epoch))
        _write(model, output, node, course)


def _context(node: Node, inputs: Inputs) -> Context:
    """Return what the techniques of a training may need."""
    step = node.step
    assert isinstance(step, TrainingStep)
    return Context(
        step.training_in(node),
        teacher=inputs.get("teacher"),
        reference=inputs.get("reference"),
        start=inputs.get("start"),
        alphabet=node.recipe.text.alphabet,
        continues=isinstance(step, Train) and step.schedule == "continued",
    )


def _frozen(step: TrainingStep) -> list[techniques.Technique]:
    """Return what freezes layers, if the step does; it acts first, as its rate is zero."""
    found = getattr(step, "frozen", None)
    return [] if found is None else [Freezing(found.layers, found.epochs)]


def _require(node: Node, inputs: Inputs) -> None:
    """Refuse a step without all of its inputs."""
    if missing := [f"--{name}" for name in node.needs if name not in inputs]:
        raise UserError(f"{node.path} needs {' and '.join(missing)}: give the file it reads there")


def _starting_model(node: Node, inputs: Inputs) -> AcousticModel:
    """Return the model that a training begins with: the one before it, or initial weights."""
    step = node.step
    assert isinstance(step, Train | Sequence)
    if node.parent is None:
        return initial_model(node, inputs)
    model = models.load(inputs["model"])
    if isinstance(step, Quantize):
        return quantized(model, step.bits)
    if step.apply_factors:
        model.bank.apply_below = APPLY_BELOW
        model.bank.apply_recurrent_below = APPLY_RECURRENT_BELOW
    return model


def initial_model(node: Node, inputs: Inputs) -> AcousticModel:
    """Return a system's dense model before training; with one seed it is the same for all.

    Errors: `UserError` if the model that it begins with has other sizes.
    """
    recipe, system = node.recipe, node.system_settings
    seed_step(node.seed, INITIALISATION)
    units = spelled_units(recipe, system.units, inputs.get("units")).units
    model = models.build(recipe.models[system.model], units, system.layout)
    if "initial" in inputs:
        begin_with(inputs["initial"], model)
    else:
        model.set_statistics(*read_statistics(inputs["statistics"]))
    return model


def targets_of(node: Node, inputs: Inputs, units: Units) -> Targets:
    """Return what the texts of a training should write, in the units of its model.

    Errors: `UserError` if the file of the unit set is not the one that the model was trained with.
    """
    spelled = spelled_units(node.recipe, node.units, inputs.get("units"))
    if spelled.units != units:
        source = inputs.get("units", "the recipe's text.alphabet")
        raise UserError(
            f"{source} has other units than the model that {node.path} starts from: "
            "train the system's chain again from its first step"
        )
    settings = node.recipe.unit_set(node.units)
    return Targets(spelled, every=settings is not None and settings.sums_over_pronunciations)


def spelled_units(recipe: Recipe, name: str, inventory: Path | None) -> SpelledUnits:
    """Return a unit set of a recipe: from its inventory, or characters, which need none."""
    if recipe.unit_set(name) is None:
        return SpelledUnits.of_characters(recipe.text.alphabet)
    if inventory is None:
        raise UserError(f"the units {name} need --units: give the inventory.json of the set")
    return SpelledUnits.read(inventory)


def truncate(node: Node, inputs: Inputs, output: Path) -> None:
    """Write a model with its matrices truncated by the node's step.

    Errors: `UserError` for a node that is no truncation, and for an input that is not given.
    """
    step = node.step
    if not isinstance(step, Truncate):
        raise UserError(f"{node.path} is made by `{_verb(step)}`: it is no truncation")
    _require(node, inputs)
    source, system = inputs["model"], node.system_settings
    _refuse_missing_epoch(source)
    model, moments = models.load(source), None
    if step.rule.activations:
        moments = input_moments(model, inputs["train"], node.recipe.trainings[system.training])
    small = truncated(model, step.rule, system.factorization, source, moments)
    _write(small, output, node)


def prune(node: Node, inputs: Inputs, output: Path) -> None:
    """Write a model with zeros where the node's step puts them.

    Errors: `UserError` for a node that is no pruning, for an input that is not given, and for a
    target that cannot be met.
    """
    step = node.step
    if not isinstance(step, Prune):
        raise UserError(f"{node.path} is made by `{_verb(step)}`: it is no pruning")
    _require(node, inputs)
    model, moments = models.load(inputs["model"]), None
    if step.refit:
        training = node.recipe.trainings[node.system_settings.training]
        moments = input_moments(model, inputs["train"], training)
    try:
        pruned(model, step, moments)
    except ValueError as error:
        raise UserError(f"{inputs['model']} cannot be pruned: {error}") from None
    _write(model, output, node)


def remove_units(node: Node, inputs: Inputs, output: Path) -> None:
    """Write a smaller model, without the units that the node's step removes.

    Errors: `UserError` for a node that removes none, for an input that is not given, and for a
    target that cannot be met.
    """
    step = node.step
    if not isinstance(step, RemoveUnits):
        raise UserError(f"{node.path} is made by `{_verb(step)}`: it removes no units")
    _require(node, inputs)
    model, moments = models.load(inputs["model"]), None
    if step.score == "activations":
        training = node.recipe.trainings[node.system_settings.training]
        moments = input_moments(model, inputs["train"], training)
    try:
        small = without_units(model, step, moments)
    except ValueError as error:
        raise UserError(f"{inputs['model']} cannot lose units: {error}") from None
    _write(small, output, node)


def _verb(step: Step) -> str:
    """Return the command that makes a node of a step."""
    return f"schatten {step.kind.replace('_', '-')}"


def _refuse_missing_epoch(source: Path) -> None:
    """Refuse a missing model of an earlier epoch; say that its training writes it at its end."""
    last = source.with_name("model.pt")
    if not source.is_file() and last.is_file():
        raise UserError(
            f"{source} does not exist, which {last} was written with: "
            f"remove {last} too and run again"
        )


def _write(
    model: AcousticModel, output: Path, node: Node, course: "loop.Course | None" = None
) -> None:
    """Write a model and, beside it, its history; without a course of a step that trains nothing."""
    records, points, seconds, part = course or ([], [], 0.0, None)
    made: dict[str, Any] = dict(machine_and_commit())
    if part is not None:
        made["trained_on"] = part  # histories of whole splits keep their bytes
    history = History(
        system=node.system,
        seed=node.seed,
        stage=node.name,
        parameters=model.parameters_at_inference(),
        stored_parameters=stored_parameters(model),
        matrices=matrix_measures(model)["matrices"],
        epochs=[Epoch.model_validate(record) for record in records],
        points=[Point.model_validate(point) for point in points],
        training_seconds=seconds,
        torch=torch.__version__,
        **made,
    )
    history.write(history_of(output))
    models.save(model.eval(), output)
