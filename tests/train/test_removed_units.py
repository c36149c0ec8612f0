"""The step `remove_units` and the technique `unit_lasso`: sizes, what is left, and a kill after."""

import json
from pathlib import Path
from typing import Any

import pytest
import toy_training
import yaml
from interruptions import interrupted_at
from small_data import write_data
from small_models import KINDS, deep_speech_2, make

from schatten import models, recipe
from schatten.compress.units import unit_norms
from schatten.errors import UserError
from schatten.export.run import export
from schatten.models.units import unit_groups, unit_matrices
from schatten.recipe import Recipe
from schatten.recipe.pruning import UnitLasso as Settings
from schatten.recipe.steps import RemoveUnits
from schatten.recipe.training import Training
from schatten.train import one_shot, steps
from schatten.train.techniques import Context
from schatten.train.techniques.unit_lasso import UnitLasso

TARGETS: dict[str, dict[str, Any]] = {
    "units0.50": {"share": 0.5},
    "units0.50group_lassoglobal": {
        "share": 0.5,
        "score": "group_lasso",
        "allocation": "global",
    },
    "unitsp250magnitude": {"parameters": 250, "score": "magnitude"},
    "unitsb300": {"bytes": 300},
}
TINY = "{type: deep_speech_2, feature: mel40, gru: [8, 6], fully_connected: 8, recurrent: rnn, "
FRONT = "convolutions: [{channels: 2, kernel: [3, 5], stride: [2, 8]}]}"


def with_chains(path: Path, model: str = TINY + FRONT) -> Recipe:
    """Return the recipe of the made-up data with a system that loses units."""
    content = yaml.safe_load(path.read_text())
    content["models"]["tiny"] = yaml.safe_load(model)
    branches = [{"remove_units": target} for target in TARGETS.values()]
    chain = [{"train": {}}, branches, {"train": {}}]
    content["systems"] = {"dense": {"model": "tiny", "chain": chain}}
    path.write_text(yaml.safe_dump(content))
    return recipe.load(str(path))


def test_a_chain_loses_units_and_trains_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cuts, statistics, path = write_data(tmp_path / "data")
    settings = with_chains(path)
    speech = {"train": cuts[0], "dev": cuts[1]}
    whole = Path("whole/model.pt")
    steps.train(settings.start("dense", 1), {**speech, "statistics": statistics}, whole)
    before = models.load(whole)
    for label, target in TARGETS.items():
        node = settings.node("dense", 1, f"{label}/removed")
        output = Path(label) / "model.pt"
        steps.remove_units(node, {"model": whole, "train": cuts[0]}, output)
        small = models.load(output)
        assert small.parameters_at_inference() < before.parameters_at_inference()
        if "parameters" in target:
            assert 200 < small.parameters_at_inference() <= 250
        if "bytes" in target:
            stored = [weight.shape for _, weight in small.bank.items()]
            assert 230 < sum(m * (n + 4) for m, n in stored) <= 300
        if label == "units0.50":
            assert small.settings.gru == (4, 3)  # type: ignore[union-attr]
            assert small.settings.fully_connected == 4  # type: ignore[union-attr]
    source = Path("units0.50/model.pt")
    written = source.read_bytes()
    inputs = {"model": whole, "train": cuts[0]}
    steps.remove_units(settings.node("dense", 1, "units0.50/removed"), inputs, source)
    assert source.read_bytes() == written
    node = settings.node("dense", 1, "units0.50/stage2")
    inputs = {**speech, "model": source}
    steps.train(node, inputs, Path("straight/model.pt"))
    with interrupted_at(2):
        steps.train(node, inputs, Path("cut/model.pt"))
    steps.train(node, inputs, Path("cut/model.pt"))
    assert Path("cut/model.pt").read_bytes() == Path("straight/model.pt").read_bytes()
    assert models.load(Path("cut/model.pt")).settings.gru == (4, 3)  # type: ignore[union-attr]
    assert len(json.loads(Path("cut/history.json").read_text())["epochs"]) == 1
    export(Path("cut/model.pt"), "int8", Path("model.gguf"))


def test_targets_that_cannot_be_met_and_other_steps_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, _, path = write_data(tmp_path / "data")
    node = with_chains(path).node("dense", 1, "unitsp250magnitude/removed")
    models.save(make(deep_speech_2()), Path("model.pt"))
    with pytest.raises(UserError, match=r"cannot lose units: one unit of each layer is .* already"):
        steps.remove_units(node, {"model": Path("model.pt")}, Path("small.pt"))
    models.save(KINDS["pruned"](), Path("model.pt"))
    with pytest.raises(UserError, match="is sparse or of low rank"):
        steps.remove_units(node, {"model": Path("model.pt")}, Path("small.pt"))
    with pytest.raises(UserError, match="by `schatten remove-units`, not by `schatten train`"):
        steps.train(node, {}, Path("model.pt"))
    with pytest.raises(UserError, match="it removes no units"):
        steps.remove_units(node.start, {}, Path("model.pt"))


def test_the_penalty_makes_units_small(tmp_path: Path) -> None:
    context = Context(Training(epochs=2, batch_seconds=2.5, learning_rate=0.01))
    norms = []
    for name, strength in (("plain", 0.0), ("lasso", 0.5)):
        technique = UnitLasso(Settings(lambda_units=strength), context)
        model, _ = toy_training.toy(tmp_path / name, [technique])
        matrices = unit_matrices(model)
        norms.append(sum(float(unit_norms(one, matrices).sum()) for one in unit_groups(model)))
    assert norms[1] < 0.95 * norms[0]
    small = one_shot.without_units(model, RemoveUnits(share=0.25, score="group_lasso"))
    assert small.settings.lstm == (6, 6)  # type: ignore[union-attr]
