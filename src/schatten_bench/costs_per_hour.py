"""Costs of a corpus of another size: those of a finished run per hour of audio, scaled up.

Costs come from the provenance records beside the artifacts, sizes from the artifacts, hours from
the validator's report. The cost of a step is taken to grow in proportion to the hours of audio.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import History, Validation, read
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.layout import Layout
from schatten.recipe.systems import System
from schatten.report.columns import Column, Table, line, number, words
from schatten.runtime import seals


@dataclass(frozen=True)
class StepCost:
    """Time, disk and memory of a step that reads some hours of audio once."""

    step: str
    hours: float
    """Hours of audio that the measured step read, each counted once."""
    seconds: float
    """Wall clock, of all epochs in a training."""
    bytes: int
    """Bytes kept on disk for each hour: none in a training, whose model has one size."""
    memory_mb: float
    """Peak of the verb's own process, in 10^6 bytes."""

    def at(self, hours: float) -> tuple[float, float]:
        """Return the hours of time and the GB (10^9 bytes) that `hours` of audio would take."""
        share = hours / self.hours
        return self.seconds * share / 3600, self.bytes * share / 1e9


def step_costs(recipe: Recipe, layout: Layout) -> Iterator[StepCost]:
    """Yield the costs of a finished run's steps on the training audio.

    Errors: `UserError` if an artifact or its record is missing.
    """
    splits = read(layout.validation, Validation).splits
    train = recipe.splits.train
    hours, every = splits[train].hours, sum(split.hours for split in splits.values())
    kept = [layout.cuts(train).parent / "audio", *map(layout.cuts, recipe.splits.all)]
    yield _cost("corpus", every, layout.cuts(train), kept)
    yield _cost("validate", every, layout.validation, [])
    for feature in dict.fromkeys(model.feature for model in recipe.models.values()):
        cuts = layout.features(feature, train)
        archive = cuts.with_name(f"{train}.lca")
        yield _cost(f"features {feature}", hours, cuts, [cuts, archive])
        yield _cost(f"statistics {feature}", hours, layout.statistics(feature), [])
    yield from _trainings(recipe, layout, hours)


def _trainings(recipe: Recipe, layout: Layout, hours: float) -> Iterator[StepCost]:
    """Yield the costs of stage 1 of each system that is trained."""
    for name, system in recipe.systems.items():
        folder = layout.am(recipe.start(name, system.seeds[0]))
        model = folder / "model.pt"
        if not model.is_file():
            continue
        history = read(folder / "history.json", History)
        step = f"train {name}, {_passes(recipe, system, len(history.epochs)):g} times all audio"
        memory = _record(model)["peak_memory_mb"]
        yield StepCost(step, hours, history.training_seconds, 0, memory)


def _passes(recipe: Recipe, system: System, epochs: int) -> float:
    """Return how often a training read all of the audio."""
    return epochs / recipe.trainings[system.training].epoch_parts


def _cost(step: str, hours: float, artifact: Path, kept: list[Path]) -> StepCost:
    record = _record(artifact)
    size = sum(_size(path) for path in kept if path.exists())
    return StepCost(step, hours, record["seconds"], size, record["peak_memory_mb"])


def _size(path: Path) -> int:
    return seals.seal(path).bytes if path.is_dir() else path.stat().st_size


def _record(artifact: Path) -> dict[str, float]:
    record = seals.read_record(artifact) if artifact.exists() else None
    if record is None:
        raise UserError(f"{artifact} or its provenance record is not there: run the recipe first")
    return record


def costs_table(found: list[StepCost], hours: float) -> Table[StepCost]:
    """Return a table with a line for each step: what it took, and what `hours` would take."""
    columns: tuple[Column[StepCost], ...] = (
        words("step", "step", lambda c: c.step),
        number("measured on (h of audio)", "hours", lambda c: c.hours),
        number("s per hour of audio", "seconds_per_hour", lambda c: c.seconds / c.hours),
        number("MB per hour of audio", "megabytes_per_hour", lambda c: c.bytes / 1e6 / c.hours),
        number("peak memory (MB)", "memory_mb", lambda c: c.memory_mb, digits=0),
        number(f"hours of time for {hours:g} h", "time", lambda c: c.at(hours)[0], digits=1),
        number(f"GB for {hours:g} h", "gigabytes", lambda c: c.at(hours)[1], digits=1),
    )
    return Table(f"{hours:g} hours of audio", columns, tuple(line(columns, one) for one in found))
