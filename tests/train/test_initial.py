"""Trainings that begin with a model made before: what is copied, refused, frozen, resumed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import chains
import gguf
import numpy as np
import pytest
import small_models
import torch
import yaml
from small_data import write_data

from schatten import models, recipe
from schatten.errors import UserError
from schatten.export.run import export
from schatten.models.exported import load_exported
from schatten.models.named import layer_parts
from schatten.recipe import initial as settings_of_initial
from schatten.recipe.models import Lstm
from schatten.recipe.steps import Given
from schatten.train import steps
from schatten.train.initial import begin_with
from schatten.units import characters
from schatten.workflow.config import workflow_of


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write features and a recipe, whose system `dense` was trained: `given/model.pt`."""
    monkeypatch.chdir(tmp_path)
    cuts, statistics, path = write_data(tmp_path / "data")
    given = tmp_path / "given/model.pt"
    chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, given)
    return cuts, path, given


def with_chain(path: Path, **step: object) -> recipe.Recipe:
    content = yaml.safe_load(path.read_text())
    content["systems"]["mine"] = {"model": "tiny", "chain": [{"train": step}]}
    changed = path.with_name("mine.yaml")
    changed.write_text(yaml.safe_dump(content))
    return recipe.load(str(changed))


@pytest.mark.parametrize("kind", small_models.KINDS)
def test_an_exported_model_is_read_back(kind: str, tmp_path: Path) -> None:
    """In fp32 it computes what the exported model does, in 8 bits nearly so."""
    model = small_models.KINDS[kind]()
    models.save(model, tmp_path / "model.pt")
    bins = len(model.bins_mean)
    features, lengths = torch.randn(2, 50, bins) - 8, torch.tensor([50, 37])
    expected, frames = model(features, lengths)
    for precision, tolerance in (("fp32", 1e-3), ("int8", 0.3)):
        file = tmp_path / f"{precision}.gguf"
        export(tmp_path / "model.pt", precision, file)
        found = load_exported(file)
        assert found.units == model.units
        values, found_frames = found(features, lengths)
        assert torch.equal(frames, found_frames)
        for row, count in enumerate(frames.tolist()):
            assert (values - expected)[row, :count].abs().max() < tolerance, precision


@pytest.mark.parametrize("kind", ["dense", "pruned"])
def test_weights_of_four_bits_are_read_back(kind: str, tmp_path: Path) -> None:
    """What is read of an int4 file has the same whole numbers when it is exported again."""
    models.save(small_models.KINDS[kind](), tmp_path / "model.pt")
    export(tmp_path / "model.pt", "int4", tmp_path / "first.gguf")
    models.save(load_exported(tmp_path / "first.gguf"), tmp_path / "again.pt")
    export(tmp_path / "again.pt", "int4", tmp_path / "again.gguf")
    first, again = (
        {one.name: one.data for one in gguf.GGUFReader(tmp_path / f"{name}.gguf").tensors}
        for name in ("first", "again")
    )
    matrices = [name for name in first if f"{name}.scale" in first]
    assert len(matrices) > 5
    for name in matrices:
        assert np.array_equal(first[name], again[name]), name


@pytest.mark.parametrize("kind", ["joint", "lstm_projection", "pruned_factors"])
@pytest.mark.parametrize("suffix", [".pt", ".gguf"])
def test_a_training_begins_with_the_same_function(kind: str, suffix: str, tmp_path: Path) -> None:
    given = small_models.KINDS[kind]()
    path = tmp_path / "model.pt"
    models.save(given, path)
    if suffix == ".gguf":
        export(path, "fp32", path.with_suffix(suffix))
    torch.manual_seed(5)
    model = models.build(given.settings, given.units, "partial")
    begin_with(path.with_suffix(suffix), model)
    modes = {norm.training for norm in model.norms}
    assert modes == {suffix == ".pt"} and model.output.training
    model.eval()
    features, lengths = torch.randn(1, 40, len(given.bins_mean)) - 8, torch.tensor([40])
    assert torch.allclose(model(features, lengths)[0], given(features, lengths)[0], atol=1e-3)


def test_other_units_get_a_new_output_layer(tmp_path: Path) -> None:
    """Units of both alphabets keep their rows; those of another kind keep none."""
    given = small_models.KINDS["lstm"]()
    path = tmp_path / "model.pt"
    models.save(given, path)
    for units, kept in (
        (characters("hgxy"), {"<blank>": 0, " ": 1, "h": 9, "g": 8}),
        (small_models.PHONES, {}),
    ):
        torch.manual_seed(3)
        model = models.build(given.settings, units, "partial")
        before = model.output.weight.detach().clone()
        begin_with(path, model)
        for name, index in units.index.items():
            rows = given.output.weight[kept[name]] if name in kept else before[index]
            assert torch.equal(model.output.weight[index], rows), name
        assert torch.equal(model.biases[0], given.biases[0])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Lstm(type="lstm", lstm=(20, 25)), r"lstm\[1\] 24, and the recipe's model 25"),
        (Lstm(type="lstm", lstm=(20,)), r"lstm \[20, 24\], and the recipe's model \[20\]"),
        (Lstm(type="lstm", lstm=(20, 24), stack=7), "stack 8, and the recipe's model 7"),
        (small_models.deep_speech_2(), "type lstm, and the recipe's model deep_speech_2"),
    ],
)
def test_another_architecture_is_refused_by_its_first_size(settings, said, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    models.save(small_models.KINDS["lstm"](), path)
    model = models.build(settings, small_models.LETTERS, "partial")
    with pytest.raises(UserError, match=f"model.pt has {said}: give the recipe's model the sizes"):
        begin_with(path, model)


def test_no_exported_model(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    with pytest.raises(UserError, match="does not exist"):
        load_exported(path)
    path.write_bytes(b"GGUF no, it is none")
    with pytest.raises(UserError, match="is no model that schatten exported"):
        load_exported(path)


def test_a_bundle_is_its_model(data, tmp_path: Path) -> None:
    cuts, path, given = data
    folder = tmp_path / "bundle"
    folder.mkdir()
    export(given, "int8", folder / "model.gguf")
    settings = with_chain(path, initial=str(folder))
    node = settings.start("mine", 1)
    assert node.needs["initial"] == Given(folder / "model.gguf")
    inputs = {"train": cuts[0], "dev": cuts[1], "initial": folder / "model.gguf"}
    steps.train(node, inputs, tmp_path / "mine/model.pt")
    losses = [epoch.dev_loss for epoch in steps.read_history(tmp_path / "mine/model.pt").epochs]
    assert losses[0] < steps.read_history(given).epochs[0].dev_loss


def test_frozen_layers_stay_for_their_epochs(data, tmp_path: Path) -> None:
    cuts, path, given = data
    frozen = {"layers": ["lstm0"], "epochs": 1}
    settings = with_chain(path, initial=str(given), frozen=frozen, keep=[1])
    inputs = {"train": cuts[0], "dev": cuts[1], "initial": given}
    steps.train(settings.start("mine", 1), inputs, tmp_path / "mine/model.pt")
    before, kept, after = (
        models.load(one) for one in (given, tmp_path / "mine/e1.pt", tmp_path / "mine/model.pt")
    )

    def lower(model):
        parameters, norms = layer_parts(model, ["lstm0"])
        return [*parameters, *(norm.running_mean for norm in norms)]

    assert len(lower(before)) == 6
    for one, other, last in zip(lower(before), lower(kept), lower(after), strict=True):
        assert torch.equal(one, other) and not torch.equal(one, last)
    assert not torch.equal(before.output.weight, kept.output.weight)


def test_every_layer_has_parts_and_every_parameter_a_layer() -> None:
    for kind in ("partial", "joint", "lstm", "lstm_projection"):
        model = small_models.KINDS[kind]()
        names = settings_of_initial.layers_of(model.settings)
        assert all(layer_parts(model, [name])[0] for name in names)
        parameters, norms = layer_parts(model, names)
        assert {id(one) for one in parameters} == {id(one) for one in model.parameters()}
        assert {id(one) for one in norms} == {
            id(one) for one in model.modules() if isinstance(one, torch.nn.BatchNorm1d)
        }


@pytest.mark.parametrize(
    ("steps_of_chain", "said"),
    [
        (
            [{"train": {}}, {"train": {"initial": "given/model.pt"}}],
            "stage2: initial gives a model its first weights: put it into the first `train`",
        ),
        (
            [{"train": {"frozen": {"layers": ["lstm0"], "epochs": 1}}}],
            "stage1: frozen layers need trained weights: give `initial`",
        ),
        (
            [{"train": {}}, {"train": {"frozen": {"layers": ["gru0"], "epochs": 1}}}],
            "frozen.layers: there is no layer 'gru0'; there are lstm0, lstm1, output",
        ),
        (
            [
                {
                    "train": {
                        "initial": "given/model.pt",
                        "techniques": [{"initialise": {"system": "dense"}}],
                    }
                }
            ],
            "initial and initialise both give the first weights: remove one",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(data, steps_of_chain, said: str) -> None:
    _, path, _ = data
    content = yaml.safe_load(path.read_text())
    content["systems"]["mine"] = {"model": "tiny", "chain": steps_of_chain}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=said):
        recipe.load(str(path))


def test_a_missing_model_is_named_before_a_run(data) -> None:
    """The recipe can be read; a run of it says what to do."""
    _, path, given = data
    loaded = with_chain(path, initial=str(given))
    there = loaded.start("mine", 1).settings
    given.unlink()
    assert loaded.start("mine", 1).settings != there
    said = "systems.mine: initial: .*model.pt does not exist: run the recipe that trains it first"
    with pytest.raises(UserError, match=said):
        workflow_of({"recipe": str(path.with_name("mine.yaml"))})


def test_a_changed_model_trains_again(data) -> None:
    """The settings of a node hold the checksum, those without `initial` are as ever."""
    _, path, given = data
    plain = with_chain(path).start("mine", 1).settings
    assert "initial" not in plain and "frozen" not in plain
    node = with_chain(path, initial=str(given)).start("mine", 1)
    before = node.settings
    given.write_bytes(given.read_bytes() + b"0")
    assert node.settings != before != plain


def test_a_killed_training_that_began_with_a_model_ends_with_the_same_bits(data) -> None:
    """Killed when layers are frozen no more, so that moments and norms are restored."""
    cuts, path, given = data
    path.write_text(path.read_text().replace("epochs: 2\n", "epochs: 8\n"))
    with_chain(path, initial=str(given), frozen={"layers": ["lstm0", "lstm1"], "epochs": 2})
    command = [sys.executable, "-c", "from schatten.cli import main; main()", "train"]
    command += ["--recipe", str(path.with_name("mine.yaml")), "--system", "mine", "--seed", "1"]
    command += ["--train", str(cuts[0]), "--dev", str(cuts[1]), "--initial", str(given)]
    subprocess.run([*command, "--output", "whole/model.pt"], check=True, capture_output=True)
    process = subprocess.Popen([*command, "--output", "killed/model.pt"])
    _wait_for_epoch(2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not Path("killed/model.pt").exists()
    subprocess.run([*command, "--output", "killed/model.pt"], check=True, capture_output=True)
    whole, killed = (models.read(Path(one) / "model.pt")["state"] for one in ("whole", "killed"))
    for name, value in whole.items():
        assert torch.equal(value, killed[name]), name


def _wait_for_epoch(epoch: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in Path("state").glob("*/last.ckpt"):
            try:
                progress = torch.load(path, weights_only=True)["progress"]
            except (RuntimeError, OSError):
                continue
            if progress["epoch"] >= epoch:
                return
        time.sleep(0.01)
    pytest.fail("no checkpoint was written")
