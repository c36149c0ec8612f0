"""Stage 1, truncation and stage 2, each from files to files."""

from pathlib import Path
from typing import Any

import torch

from schatten import models
from schatten.errors import UserError
from schatten.features.store import read_statistics
from schatten.models.acoustic import AcousticModel, units_of
from schatten.recipe import Recipe
from schatten.recipe.layout import Row
from schatten.recipe.model import APPLY_BELOW, APPLY_RECURRENT_BELOW
from schatten.recipe.parts import (
    factored_epoch,
    model_of,
    rank_of,
    stage2_part,
    train_part,
    transition_epochs,
)
from schatten.runtime.files import read_json, write_json
from schatten.runtime.launch import place
from schatten.runtime.provenance import here
from schatten.train import objectives, techniques
from schatten.train.calibration import input_moments
from schatten.train.loop import Plan, train
from schatten.train.measure import stored_parameters
from schatten.train.randomness import seed_step
from schatten.train.schedule import stage1_schedule, stage2_epochs, stage2_schedule
from schatten.train.state import epoch_model, training_state
from schatten.train.techniques import Context
from schatten.train.techniques.spectra import matrix_measures
from schatten.train.truncation import truncated

INITIALISATION = 2**31
"""The step number that seeds a model's initial weights."""


def history_of(model: Path) -> Path:
    """Return where a model's history lies: `history.json` beside it."""
    return model.with_name("history.json")


def stage1(
    recipe: Recipe,
    system: str,
    seed: int,
    cuts: tuple[Path, Path],
    statistics: Path,
    output: Path,
    teacher: Path | None = None,
) -> None:
    """Train a system's stage 1 on `cuts` (train, dev); write the model and its history.

    `teacher`: the model that a distilled system learns from.
    """
    settings = recipe.systems[system]
    training = recipe.trainings[settings.training]
    model = initial_model(recipe, system, seed, statistics)
    keep = tuple(transition_epochs(recipe, system))
    schedule = stage1_schedule(training)
    if settings.distill is not None and teacher is None:
        raise UserError(
            f"{system} learns from {settings.distill.teacher}: give --teacher, its model"
        )
    inputs = [*cuts, statistics, *([teacher] if teacher else [])]
    objective = objectives.of(training, model)
    added = techniques.of(settings.penalty, settings.distill, Context(training, teacher))
    plan = Plan(training, objective, added, schedule, training.epochs, seed, cuts, keep)
    with training_state(train_part(recipe, system, seed), inputs) as state:
        records, seconds = train(model, plan, state)
        if place().rank > 0:
            return
        for epoch in keep:
            models.save(
                models.load(epoch_model(state / "model.pt", epoch)), epoch_model(output, epoch)
            )
        _write(model, output, system, seed, "stage1", records, seconds)


def initial_model(recipe: Recipe, system: str, seed: int, statistics: Path) -> AcousticModel:
    """Return a system's dense model before training; with one seed it is the same for all."""
    settings = recipe.systems[system]
    seed_step(seed, INITIALISATION)
    units = units_of(recipe.text.alphabet)
    model = models.build(model_of(recipe, system), units, settings.layout)
    model.set_statistics(*read_statistics(statistics))
    return model


def truncate(
    recipe: Recipe, system: str, rank: str, source: Path, output: Path, train_cuts: Path | None
) -> None:
    """Write the model of `source` with its matrices truncated as a rank's label says.

    `train_cuts`: speech on which the inputs of matrices are measured, where the rank weighs them.
    """
    _refuse_missing_epoch(source)
    settings, rule = recipe.systems[system], rank_of(recipe, system, rank)
    model, moments = models.load(source), None
    if rule.activations:
        if train_cuts is None:
            raise UserError(
                f"{rank} weighs errors by measured inputs: give --train, cuts of speech"
            )
        moments = input_moments(model, train_cuts, recipe.trainings[settings.training])
    small = truncated(model, rule, settings.factorization, source, moments)
    _write(small, output, system, read_json(history_of(source))["seed"], "factored", [], 0.0)


def _refuse_missing_epoch(source: Path) -> None:
    """Say what makes the missing model of an earlier epoch: its training, as it ends."""
    last = source.with_name("model.pt")
    if not source.is_file() and last.is_file():
        raise UserError(
            f"{source} does not exist, which {last} was written with: "
            f"remove {last} too and run again"
        )


def stage2(recipe: Recipe, row: Row, source: Path, cuts: tuple[Path, Path], output: Path) -> None:
    """Train the truncated model of `source` on, without penalty; write it and its history."""
    system, seed = row.system, row.seed
    settings = recipe.systems[system]
    assert settings.stage2 is not None
    training = recipe.trainings[settings.training]
    model = models.load(source)
    if settings.stage2.apply_factors:
        model.bank.apply_below = APPLY_BELOW
        model.bank.apply_recurrent_below = APPLY_RECURRENT_BELOW
    factored = factored_epoch(recipe, system, row.rank)
    epochs = stage2_epochs(training, settings.stage2, factored)
    schedule = stage2_schedule(training, settings.stage2, factored)
    context = Context(training, continues=settings.stage2.transition == "early")
    added, objective = techniques.make([], context), objectives.of(training, model)
    plan = Plan(training, objective, added, schedule, epochs, seed, cuts)
    with training_state(stage2_part(recipe, system, seed, row.rank), [*cuts, source]) as state:
        records, seconds = train(model, plan, state)
        if place().rank == 0:
            _write(model, output, system, seed, "stage2", records, seconds)


def _write(
    model: AcousticModel,
    output: Path,
    system: str,
    seed: int,
    stage: str,
    records: list[dict[str, Any]],
    seconds: float,
) -> None:
    """Write a model and, beside it, its history."""
    history = {
        "system": system,
        "seed": seed,
        "stage": stage,
        "parameters": model.parameters_at_inference(),
        "stored_parameters": stored_parameters(model),
        **matrix_measures(model),
        "epochs": records,
        "training_seconds": seconds,
        "torch": torch.__version__,
        **here(),
    }
    write_json(history_of(output), history)
    models.save(model.eval(), output)
