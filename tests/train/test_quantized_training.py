"""The step `quantize`: it trains as the engine computes, keeps zeros, and goes on to the bit."""

from pathlib import Path

import pytest
import torch
from interruptions import interrupted_at
from small_data import write_data

from schatten import models, recipe
from schatten.models.quantized import QuantizedDeepSpeech2
from schatten.models.quantized_lstm import QuantizedLstm
from schatten.recipe import Recipe
from schatten.train import steps

MODEL = """
  spoken:
    type: deep_speech_2
    feature: mel40
    convolutions: [{channels: 3, kernel: [3, 5], stride: [2, 2]}]
    gru: [8, 6]
    fully_connected: 7
  cells:
    type: lstm
    feature: mel40
    stack: 2
    keep_every: 2
    lstm: [8, 6]
"""
SYSTEMS = """
  cells:
    model: cells
    chain:
      - train: {}
      - quantize: {bits: 4, epochs: 2}
  quantized:
    model: spoken
    chain:
      - train: {}
      - [quantize: {bits: 8}, quantize: {bits: 4, epochs: 2}]
  sparse:
    model: spoken
    chain:
      - train: {}
      - prune: {sparsity: 0.5}
      - quantize: {bits: 4}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.chdir(tmp_path)
    _, _, path = write_data(tmp_path / "data")
    text = path.read_text().replace("trainings:", f"{MODEL.strip(chr(10))}\ntrainings:")
    text = text.replace("language_models:", f"{SYSTEMS.strip(chr(10))}\nlanguage_models:")
    path.write_text(text.replace("checkpoint_steps: 2", "checkpoint_steps: 1"))
    return recipe.load(str(path))


def made(settings: Recipe, system: str, folder: str, source: Path | None, output: Path) -> Path:
    node, data = settings.node(system, 1, folder), Path("data")
    files = {
        "train": data / "train.cuts.jsonl.gz",
        "dev": data / "dev.cuts.jsonl.gz",
        "statistics": data / "statistics.json",
    } | ({} if source is None else {"model": source})
    verb = steps.prune if node.step.kind == "prune" else steps.train
    verb(node, {name: files[name] for name in node.needs}, output)
    return output


def test_passes_are_quantised_and_the_file_says_so(settings: Recipe) -> None:
    whole = made(settings, "quantized", "stage1", None, Path("stage1/model.pt"))
    for bits in (8, 4):
        path = made(settings, "quantized", f"int{bits}", whole, Path(f"int{bits}/model.pt"))
        model, before = models.load(path), models.load(whole)
        assert isinstance(model, QuantizedDeepSpeech2)
        assert model.bits == bits
        epochs = steps.read_history(path).epochs
        assert len(epochs) == (1 if bits == 8 else 2)
        assert epochs[-1].dev_loss < 2 * steps.read_history(whole).epochs[-1].dev_loss
        for name, value in before.state_dict().items():
            assert torch.equal(value, model.state_dict()[name]) == (
                "norm" in name or "bins" in name
            )
    assert "bits" not in models.read(whole)


def test_an_lstm_is_trained_with_quantised_passes(settings: Recipe) -> None:
    whole = made(settings, "cells", "stage1", None, Path("stage1/model.pt"))
    path = made(settings, "cells", "int4", whole, Path("int4/model.pt"))
    model, before = models.load(path), models.load(whole)
    assert isinstance(model, QuantizedLstm) and model.bits == 4
    losses = [epoch.dev_loss for epoch in steps.read_history(path).epochs]
    assert losses[-1] < 1.5 * steps.read_history(whole).epochs[-1].dev_loss
    for name, value in before.state_dict().items():
        kept = "norm" in name or "bins" in name
        assert torch.equal(value, model.state_dict()[name]) == kept, name


def test_zeros_stay_zeros(settings: Recipe) -> None:
    whole = made(settings, "sparse", "stage1", None, Path("stage1/model.pt"))
    pruned = made(settings, "sparse", "sparse0.50/pruned", whole, Path("pruned/model.pt"))
    path = made(settings, "sparse", "sparse0.50/int4", pruned, Path("int4/model.pt"))
    before, after = models.load(pruned), models.load(path)
    for (_, one), (_, other) in zip(before.bank.items(), after.bank.items(), strict=True):
        assert torch.equal(one() != 0, other() != 0)
        assert not torch.equal(one(), other())


def test_it_goes_on_from_any_step_with_the_same_bits(settings: Recipe) -> None:
    """Eight steps an epoch: in the first, in the middle, at the last, and in the next epoch."""
    start = made(settings, "quantized", "stage1", None, Path("stage1/model.pt"))
    whole = made(settings, "quantized", "int4", start, Path("whole/model.pt")).read_bytes()
    for step in (1, 5, 8, 9, 13):
        with interrupted_at(step):
            made(settings, "quantized", "int4", start, Path("cut/model.pt"))
        assert list(Path("state").glob("*/last.ckpt"))
        resumed = made(settings, "quantized", "int4", start, Path("cut/model.pt"))
        assert resumed.read_bytes() == whole, step
