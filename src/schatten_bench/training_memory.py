"""How much memory a training takes, by the hours of audio that it reads.

Each training runs in a process of its own, as the workflow runs it. It reads features of a finished
run. Where they are too few, utterances come again under other names.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from schatten.errors import UserError, known
from schatten.features.store import archive_of
from schatten.recipe import Recipe, load, path_of
from schatten.recipe.layout import Layout
from schatten.runtime import seals
from schatten.runtime.files import read_json, write_jsonl, write_text


@dataclass(frozen=True)
class TrainingMemory:
    """Time and memory of a training of one epoch."""

    hours: float
    """Hours of audio."""
    utterances: int
    batches: int
    megabytes: float
    """Peak of the process's resident set, in 10^6 bytes."""
    seconds: float
    """Seconds of the whole process."""


def measure_training_memory(
    recipe: str, layout: Layout, system: str, hours: list[float]
) -> Iterator[TrainingMemory]:
    """Yield the time and memory of one epoch of a system, for each of `hours` of audio.

    Errors: `UserError` if the recipe has no such system or its features are not there.
    """
    content = load(recipe)
    named = [name for name in content.systems if name not in content.grid_points]
    known("system", system, named)
    feature = content.models[content.systems[system].model].feature
    train = layout.features(feature, content.splits.train).absolute()
    if not train.is_file():
        raise UserError(f"{train} does not exist: run the recipe first")
    with tempfile.TemporaryDirectory(prefix="schatten.") as folder:
        settings = Path(folder) / "one_epoch.yaml"
        write_text(settings, yaml.safe_dump(_one_epoch(recipe, content, system)))
        command = [sys.executable, "-m", "schatten.cli", "train", "--recipe", str(settings)]
        command += ["--system", system, "--seed", "1"]
        command += ["--dev", str(layout.features(feature, content.splits.dev).absolute())]
        command += ["--statistics", str(layout.statistics(feature).absolute())]
        for wanted in hours:
            yield _train(command, train, wanted, Path(folder) / f"{wanted:g}")


def _one_epoch(recipe: str, content: Recipe, system: str) -> dict[str, Any]:
    """Return a recipe of one system, which is trained for one epoch over the whole corpus."""
    others = [name for name in content.systems if name != system]
    training = content.systems[system].training
    return {
        "extends": str(path_of(recipe).absolute().with_suffix("")),
        "trainings": {training: {"epochs": 1, "epoch_parts": 1}},
        "systems": {
            **dict.fromkeys(others),
            system: {"ranks": None, "stage2": None, "distill": None},
        },
        "grids": None,
        "tables": {"baseline": system},
    }


def _train(command: list[str], source: Path, hours: float, folder: Path) -> TrainingMemory:
    """Train on `hours` of `source` in a new folder; the model's record has time and memory."""
    folder.mkdir()
    cuts, model = folder / source.name, folder / "model.pt"
    archive_of(cuts).symlink_to(archive_of(source))
    write_jsonl(cuts, _rows(source, hours))
    command = [*command, "--train", str(cuts), "--output", str(model)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    record = seals.read_record(model) if model.is_file() else None
    if done.returncode or record is None:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UserError(f"training on {hours:g} hours failed: {lines[-1]}")
    (epoch,) = read_json(model.with_name("history.json"))["epochs"]
    durations = [row["duration"] for row in _rows(source, hours)]
    return TrainingMemory(
        sum(durations) / 3600,
        len(durations),
        epoch["steps"],
        record["peak_memory_mb"],
        record["seconds"],
    )


def _rows(source: Path, hours: float) -> Iterator[dict[str, Any]]:
    """Yield rows of cuts until they make up `hours`; after the last comes the first again."""
    left = 3600 * hours
    for turn in count():
        with gzip.open(source, "rt") as lines:
            for row in map(json.loads, lines):
                if left <= 0:
                    return
                left -= row["duration"]
                yield row if turn == 0 else {**row, "id": f"{row['id']}_again{turn}"}
