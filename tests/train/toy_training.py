"""A small training with techniques made for tests; run as a script, it is killed at a step."""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chains
import small_models
import torch
from small_data import write_data
from torch import Tensor

from schatten import models, recipe
from schatten.models import AcousticModel
from schatten.recipe.models import Lstm
from schatten.recipe.pruning import Pruning
from schatten.recipe.techniques import Auxiliary, Initialise
from schatten.recipe.training import Training
from schatten.train import objectives
from schatten.train.loop import Plan, train
from schatten.train.schedule import first_schedule
from schatten.train.state import Checkpoints
from schatten.train.targets import Targets
from schatten.train.techniques import Context, Step, Technique
from schatten.train.techniques.auxiliary import SecondOutput
from schatten.train.techniques.initialise import Initialised
from schatten.train.techniques.pruning import CubicPruning
from schatten.units import characters
from schatten.units.spelled import SpelledUnits

TRAINING = Training(epochs=2, batch_seconds=2.5, learning_rate=0.01)


def toy(
    folder: Path, techniques: Sequence[Technique], keep_epochs: tuple[int, ...] = (), **changes: Any
) -> tuple[AcousticModel, list[dict[str, Any]]]:
    """Train two epochs of eight steps on made-up data; `changes` are of the training's settings."""
    data = folder / "data"
    cuts, statistics, path = (
        ((data / "train.cuts.jsonl.gz", data / "dev.cuts.jsonl.gz"), data / "statistics.json", None)
        if data.is_dir()
        else write_data(data)
    )
    settings = recipe.load(str(path or data / "recipe.yaml"))
    training = Training.model_validate({**settings.trainings["default"].model_dump(), **changes})
    model = chains.initial_model(settings, "dense", 1, statistics)
    plan = Plan(
        training,
        objectives.make(training, model),
        techniques,
        first_schedule(training),
        training.epochs,
        1,
        cuts,
        Targets(SpelledUnits(model.units, None)),
        keep_epochs,
    )
    state = folder / "state"
    state.mkdir(exist_ok=True)
    return model, train(model, plan, state).records


class Drift(Technique):
    """Noise on the weights from random draws, and a drift that only its own state knows."""

    def __init__(self) -> None:
        self.drift = torch.zeros(())
        self.noise: dict[str, Tensor] = {}

    def before_step(self, step: Step) -> None:
        with torch.no_grad():
            for name, weight in step.model.named_parameters():
                self.noise[name] = 0.01 * torch.randn_like(weight)
                weight.add_(self.noise[name])

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        return loss + self.drift * next(step.model.parameters()).sum()

    def after_step(self, step: Step) -> None:
        with torch.no_grad():
            for name, weight in step.model.named_parameters():
                weight.sub_(self.noise[name])
        self.drift = self.drift + 0.1 * torch.rand(())

    def state(self) -> dict[str, Any]:
        return {"drift": self.drift}

    def restore(self, state: dict[str, Any]) -> None:
        self.drift = state["drift"]

    def measure(self, model: AcousticModel) -> dict[str, Any]:
        return {"drift": float(self.drift)}


def cubic() -> Technique:
    """Return pruning whose masks are renewed at each second step, in blocks."""
    target = Pruning(sparsity=0.5, block=(4, 2), start=0.25, end=1.5, every=2)
    return CubicPruning(target, Context(TRAINING))


def initialise() -> Technique:
    """Return a start from another model; only the first start of a training may count."""
    shape = Lstm(type="lstm", feature="mel40", stack=2, keep_every=2, lstm=(8, 8))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "model.pt")
        models.save(small_models.make(shape, seed=5, units=characters("ab")), source)
        return Initialised(Initialise(system="source"), Context(TRAINING, start=source))


def auxiliary() -> Technique:
    """Return a second output over characters, which has weights and moments of its own."""
    return SecondOutput(Auxiliary(weight=0.5), Context(TRAINING, alphabet="ab"))


MADE = {"drift": Drift, "cubic": cubic, "initialise": initialise, "auxiliary": auxiliary}


def main(folder: Path, last: int, name: str) -> None:
    """Train, and end by SIGKILL as soon as step `last` has written its checkpoint."""
    write = Checkpoints.save

    def killed(self: Checkpoints) -> None:
        write(self)
        if self.parts["progress"][0]()["step"] == last:
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoints.save = killed  # type: ignore[method-assign]
    models.save(toy(folder, [MADE[name]()])[0], folder / "model.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
