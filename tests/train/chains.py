"""The steps of an ordinary chain, by the names of its nodes, on files of a test."""

from pathlib import Path

from schatten.models import AcousticModel
from schatten.recipe import Recipe
from schatten.train import steps

Cuts = tuple[Path, Path]
"""Train and dev."""


def initial_model(settings: Recipe, system: str, seed: int, statistics: Path) -> AcousticModel:
    return steps.initial_model(settings.start(system, seed), {"statistics": statistics})


def stage1(
    settings: Recipe,
    system: str,
    seed: int,
    cuts: Cuts,
    statistics: Path,
    output: Path,
    teacher: Path | None = None,
) -> None:
    inputs = {"train": cuts[0], "dev": cuts[1], "statistics": statistics}
    taught = {} if teacher is None else {"teacher": teacher}
    steps.train(settings.start(system, seed), inputs | taught, output)


def truncate(
    settings: Recipe, system: str, rank: str, source: Path, output: Path, train: Path | None
) -> None:
    speech = {} if train is None else {"train": train}
    node = settings.node(system, 1, f"{rank}/factored")
    steps.truncate(node, {"model": source, **speech}, output)


def stage2(
    settings: Recipe, system: str, rank: str, source: Path, cuts: Cuts, output: Path
) -> None:
    inputs = {"train": cuts[0], "dev": cuts[1], "model": source}
    steps.train(settings.node(system, 1, f"{rank}/stage2"), inputs, output)
