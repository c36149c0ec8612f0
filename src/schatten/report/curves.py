"""Curves of trainings: losses, error rate and learning rate over steps and epochs.

They come from `history.json` beside a model, and from `state/` where a training is under way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from schatten import recipe as recipes
from schatten.artifacts import Epoch, History, Point
from schatten.artifacts.training_state import NOTE, PROGRESS, ROOT, Progress, StateNote
from schatten.errors import UserError
from schatten.recipe.layout import Layout
from schatten.runtime import files

HISTORY = "history.json"

Series = list[tuple[float, float]]
"""Places on the x axis (epochs or steps) and values."""


@dataclass(frozen=True)
class Curves:
    """The course of a training: a step of a chain, from its first epoch."""

    name: str
    """Path of the model's folder below the folder that was asked for."""
    epochs: list[Epoch]
    points: list[Point] = field(default_factory=list)
    planned: int | None = None
    """Epochs that it will have, while it is under way."""

    @property
    def steps(self) -> list[int]:
        """Steps done at the end of each epoch."""
        total, found = 0, []
        for epoch in self.epochs:
            total += epoch.steps or 0
            found.append(total)
        return found

    def train_loss(self, *, over_steps: bool = False) -> Series:
        """Return the loss in training: at the points, or else at the epochs."""
        if self.points:
            return [(one.step if over_steps else one.epoch, one.loss) for one in self.points]
        return self.of_epochs("train_loss", over_steps=over_steps)

    def learning_rate(self, *, over_steps: bool = False) -> Series:
        """Return the learning rate: at the points, or else at the epochs."""
        if self.points:
            places = [one.step if over_steps else one.epoch for one in self.points]
            rates = [one.learning_rate for one in self.points]
            return list(zip(places, rates, strict=True))
        return self.of_epochs("learning_rate", over_steps=over_steps)

    def of_epochs(self, name: str, *, over_steps: bool = False) -> Series:
        """Return a number of the epochs' records; files of earlier versions may lack it."""
        places = self.steps if over_steps else [float(n + 1) for n in range(len(self.epochs))]
        pairs = zip(places, (getattr(one, name) for one in self.epochs), strict=True)
        return [(place, value) for place, value in pairs if value is not None]


def curves_of(target: str, only: Sequence[str], results: Path) -> list[Curves]:
    """Return the trainings of a recipe, or of all models in a folder; truncations have none.

    `only`: texts, one of which is in the name of each. Errors: `UserError` if nothing is found.
    """
    folder = folder_of(target, results)
    found = {curves.name: curves for curves in (*_finished(folder), *_under_way(folder))}
    if not found:
        raise UserError(
            f"{folder} has no training yet: name a folder with models, or run the recipe first"
        )
    chosen = [
        curves
        for name, curves in sorted(found.items())
        if not only or any(text in name for text in only)
    ]
    if not chosen:
        raise UserError(
            f"no training in {folder} has {' or '.join(only)} in its name: there are "
            f"{', '.join(sorted(found))}"
        )
    return chosen


def folder_of(target: str, results: Path) -> Path:
    """Return a folder of models: the one that is named, or the one of a recipe."""
    path = Path(target)
    if path.is_file() and path.suffix not in (".yaml", ".yml"):
        return path.parent
    if path.is_dir():
        return path
    recipes.load(target)  # a name that is neither says which recipes there are
    yaml = recipes.path_of(target)
    return Layout(yaml.parent.name, yaml.stem, "", results).home / "am"


def _finished(folder: Path) -> Iterator[Curves]:
    for path in sorted(folder.rglob(HISTORY)):
        history = files.read_json(path)
        if isinstance(history, dict) and history.get("epochs"):
            read = History.checked(history, path)
            yield Curves(_name(path.parent, folder), read.epochs, read.points)


def _under_way(folder: Path) -> Iterator[Curves]:
    """Yield the trainings whose models will lie in the folder, as of their last checkpoints."""
    for note in sorted(ROOT.glob(f"*/{NOTE}")):
        try:
            model = Path(StateNote.model_validate_json(note.read_bytes()).output)
            if not model.is_relative_to(folder.resolve()):
                continue
            far = Progress.model_validate_json(note.with_name(PROGRESS).read_bytes())
        except (OSError, ValidationError):  # it ended a moment ago, or has no checkpoint yet
            continue
        yield Curves(_name(model.parent, folder.resolve()), far.epochs, far.points, far.planned)


def _name(home: Path, folder: Path) -> str:
    below = home.relative_to(folder).as_posix()
    return home.resolve().name if below == "." else below
