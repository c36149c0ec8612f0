"""A few seconds of made-up features with transcripts, for tests of training."""

from pathlib import Path

import numpy as np
from lhotse import LilcomChunkyWriter, MonoCut, SupervisionSegment
from lhotse.features import Features

from schatten.runtime.files import write_json, write_jsonl

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
