"""A few seconds of made-up features with transcripts, for tests of training."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from lhotse import LilcomChunkyWriter, MonoCut, SupervisionSegment
from lhotse.features import Features

from schatten import models
from schatten.runtime.files import read_jsonl, write_json, write_jsonl

RECIPE = """
title: Made-up features
corpus: {source: tsv}
text: {alphabet: "ab"}
models:
  tiny:
    type: lstm
    feature: mel40
    stack: 2
    keep_every: 2
    lstm: [8, 8]
trainings:
  default:
    epochs: 2
    batch_seconds: 2.5
    learning_rate: 0.01
    warmup_steps: 3
    checkpoint_steps: 2
    weight_average_epochs: 2
    spec_augment: {}
systems:
  dense: {model: tiny}
  trace_norm:
    model: tiny
    penalty: {type: trace_norm, lambda_rec: 0.1, lambda_nonrec: 0.1}
    ranks: [{rank: 2}]
    stage2: {epochs: 1}
  projection:
    model: tiny
    factorization: projection
    ranks: [{tau: 0.5, rule: below}, {tau: 0.7, activations: true}, {budget: 3000}, {ranks: [3, 2]}]
    stage2: {epochs: 1}
  measured:
    model: tiny
    ranks: [{parameters: 2000, activations: true}]
    stage2: {epochs: 1}
language_models: {lm: {}}
"""


def write_split(folder: Path, split: str, utterances: int, seed: int) -> Path:
    """Write cuts with features: frames of `a` are high in the low bins, of `b` in the high ones."""
    generator = np.random.default_rng(seed)
    cuts = []
    archive = folder / f"{split}.lca"
    with LilcomChunkyWriter(archive) as writer:
        for number in range(utterances):
            text = "".join(generator.choice(["a", "b", " "], 4)).strip() or "a"
            rows = [_frames(generator, letter) for letter in text]
            values = np.concatenate(rows).astype(np.float32)
            cuts.append(_cut(f"{split}{number}", text, values, writer.write("k", values), archive))
    path = folder / f"{split}.cuts.jsonl.gz"
    write_jsonl(path, cuts)
    return path


def _frames(generator: np.random.Generator, letter: str) -> np.ndarray:
    values = generator.normal(size=(12, 40))
    if letter != " ":
        values[:, slice(0, 20) if letter == "a" else slice(20, 40)] += 3
    return values


def _cut(name: str, text: str, values: np.ndarray, key: str, archive: Path) -> dict:
    seconds = len(values) / 100
    features = Features(
        type="test",
        num_frames=len(values),
        num_features=40,
        frame_shift=0.01,
        sampling_rate=16000,
        start=0,
        duration=seconds,
        storage_type="lilcom_chunky",
        storage_path=archive.name,
        storage_key=key,
        channels=0,
    )
    supervision = SupervisionSegment(name, name, 0, seconds, text=text, speaker=name)
    return MonoCut(name, 0, seconds, 0, supervisions=[supervision], features=features).to_dict()


def write_data(folder: Path) -> tuple[tuple[Path, Path], Path, Path]:
    """Write train and dev cuts, statistics and the recipe: ((train, dev), statistics, recipe)."""
    folder.mkdir(parents=True, exist_ok=True)
    statistics = folder / "statistics.json"
    write_json(statistics, {"frames": 1, "mean": [0.0] * 40, "deviation": [1.0] * 40})
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE)
    cuts = write_split(folder, "train", 40, 1), write_split(folder, "dev", 8, 2)
    return cuts, statistics, recipe


CONVOLUTIONAL = {
    "type": "deep_speech_2",
    "feature": "mel40",
    "convolutions": [{"channels": 2, "kernel": [3, 5], "stride": [2, 2]}],
    "gru": [8],
    "fully_connected": 8,
    "dropout": 0.0,
}


def training_verb(folder: Path) -> list[str]:
    """Return the verb on made-up data, without masks and dropout; `--output` is missing.

    Batches hold one to three utterances. The dev split is one batch, so that a second process has
    none.
    """
    cuts, statistics, path = write_data(folder / "data")
    write_jsonl(cuts[1], read_jsonl(cuts[1])[:2])
    settings = yaml.safe_load(path.read_text())
    settings["models"]["tiny"] = CONVOLUTIONAL
    settings["systems"] = {"trace_norm": settings["systems"]["trace_norm"]}
    settings["tables"] = {"baseline": "trace_norm"}
    settings["trainings"]["default"] |= {"spec_augment": None, "batch_seconds": 1.2}
    path.write_text(yaml.safe_dump(settings))
    verb = [sys.executable, "-c", "from schatten.cli import main; main()", "train"]
    verb += ["--recipe", str(path), "--system", "trace_norm", "--seed", "1"]
    return [
        *verb,
        *("--train", str(cuts[0]), "--dev", str(cuts[1]), "--statistics", str(statistics)),
    ]


def assert_same_training(one: Path, two: Path) -> None:
    """Compare losses, rates and weights of two trainings' folders, up to the order of sums."""
    histories = [json.loads((folder / "history.json").read_text()) for folder in (one, two)]
    for of_one, of_two in zip(*(history["epochs"] for history in histories), strict=True):
        assert of_one["steps"] == of_two["steps"] > 8
        for name in ("train_loss", "dev_loss", "dev_cer", "learning_rate"):
            assert of_one[name] == pytest.approx(of_two[name], rel=1e-4), name
    weights = [models.read(folder / "model.pt")["state"] for folder in (one, two)]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-4)
