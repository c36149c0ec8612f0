"""Techniques and objectives in Python files of one's own: the examples of the docs."""

import math
import re
import shutil
from pathlib import Path
from typing import Any

import chains
import pytest
import torch
import yaml
from project import ROOT
from small_data import write_data
from toy_training import toy

from schatten import models, recipe
from schatten.errors import UserError
from schatten.recipe.techniques import OwnCode, TechniqueEntry
from schatten.recipe.training import Training
from schatten.train import steps
from schatten.train.data import Batch
from schatten.train.objectives import Ctc, Objective
from schatten.train.own_code import make_own
from schatten.train.techniques import Context, make
from schatten.units import characters

NOISE, FOCAL = ROOT / "examples/weight_noise.py", ROOT / "examples/focal_ctc.py"
CONTEXT = Context(Training(epochs=2, batch_seconds=2.5, learning_rate=0.01))


def entry(file: Path, settings: dict[str, Any]) -> TechniqueEntry:
    return TechniqueEntry.model_validate({"own": {"file": file, "settings": settings}})


def test_a_technique_of_a_file_trains(tmp_path: Path) -> None:
    states = [toy(tmp_path / "plain", make((), CONTEXT), spec_augment=None)[0].state_dict()]
    for deviation in (0.0, 0.1):
        found = make((entry(NOISE, {"deviation": deviation}),), CONTEXT)
        assert type(found[0]).__name__ == "WeightNoise"
        model, _ = toy(tmp_path / f"{deviation}", found, spec_augment=None)
        states.append(model.state_dict())
    for name, plain in states[0].items():
        assert torch.equal(states[1][name], plain), name
        assert "bank" not in name or not torch.equal(states[2][name], plain), name


def test_a_recipe_names_both_and_an_edited_file_trains_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cuts, statistics, path = write_data(tmp_path / "data")
    noise, focal = tmp_path / "noise.py", tmp_path / "focal.py"
    noise.write_text(NOISE.read_text())
    focal.write_text(FOCAL.read_text())
    content = yaml.safe_load(path.read_text())
    train = {
        "techniques": [{"own": {"file": str(noise), "settings": {"deviation": 0.05}}}],
        "objective": {"own": {"file": str(focal), "settings": {"gamma": 2.0}}},
    }
    content["systems"]["noisy"] = {"model": "tiny", "chain": [{"train": train}]}
    path.write_text(yaml.safe_dump(content))
    settings = recipe.load(str(path))
    for system in ("dense", "noisy"):
        chains.stage1(settings, system, 1, cuts, statistics, tmp_path / system / "model.pt")
    dense, noisy = (models.load(tmp_path / name / "model.pt") for name in ("dense", "noisy"))
    assert not torch.equal(dense.output.weight, noisy.output.weight)  # type: ignore[union-attr]
    assert len(steps.read_history(tmp_path / "noisy/model.pt").epochs) == 2
    node = settings.start("noisy", 1)
    before = node.settings
    focal.write_text(focal.read_text() + "\n")
    assert node.settings != before


@pytest.mark.parametrize(
    ("code", "settings", "message"),
    [
        (None, {"deviation": -1}, "noise.py are refused: deviation: .* greater than or eq"),
        (None, {"sigma": 1}, "deviation: Field required; sigma: Extra inputs"),
        ("x = 1\n", {}, "define one subclass of Technique; there are: none"),
        ("class Other(WeightNoise): ...\n", {}, "there are: WeightNoise, Other"),
        ("import nothing_of_that_name\n", {}, "cannot be loaded: ModuleNotFoundError: .*nothing_"),
    ],
)
def test_a_file_that_is_no_technique_is_refused(
    tmp_path: Path, code: str | None, settings: dict[str, Any], message: str
) -> None:
    file, example = tmp_path / "noise.py", NOISE.read_text()
    added = f"{example}\n\n{code}" if code and code.startswith("class") else code
    file.write_text(added or example)
    with pytest.raises(UserError, match=message):
        make((entry(file, settings),), CONTEXT)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone.py does not exist"):
        make((entry(tmp_path / "gone.py", {}),), CONTEXT)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_ctc_is_its_formula_and_has_a_gradient_for_every_utterance(gamma: float) -> None:
    code = OwnCode(file=FOCAL, settings={"alpha": 0.25, "gamma": gamma})
    focal = make_own(code, Objective, Ctc(characters("ab")))  # type: ignore[type-abstract]
    labels, lengths = [torch.tensor([2]), torch.tensor([2])], torch.tensor([4, 4])
    scores = torch.zeros(2, 4, 4)
    scores[1, :, 2] = 200  # CTC of the second utterance is 0
    scores.requires_grad_()
    log_probs = scores.log_softmax(-1)
    losses = focal.losses(log_probs, lengths, Batch(scores, lengths, labels, ["a", "b"], 0.1, 2))
    p = 10 / 4**4  # blanks, some a, blanks: 4 + 3 + 2 + 1 of the paths of 4 frames
    assert losses.tolist() == pytest.approx([0.25 * (1 - p) ** gamma * -math.log(p), 0], abs=1e-6)
    losses.sum().backward()
    assert scores.grad is not None and scores.grad.isfinite().all()
    assert scores.grad[0].abs().sum() > 0


@pytest.mark.parametrize(
    ("page", "file"), [("add_a_technique", NOISE), ("add_an_objective", FOCAL)]
)
def test_the_how_to_shows_the_example(page: str, file: Path) -> None:
    text = (ROOT / f"docs/how_to/{page}.md").read_text()
    assert f"```python\n{file.read_text()}```" in text
    assert len(file.read_text().splitlines()) <= 80


@pytest.mark.parametrize(
    ("page", "system"), [("add_a_technique", "noisy"), ("add_an_objective", "focal")]
)
def test_the_recipe_of_the_how_to_loads(
    page: str, system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / f"docs/how_to/{page}.md").read_text()
    (code,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shutil.copytree("recipes/voicesearch_like", tmp_path / "recipes")
    path = tmp_path / "recipes" / f"{system}.yaml"
    path.write_text(code)
    settings = recipe.load(str(path))
    assert list(settings.systems) == ["dense", system]
    node, step = settings.start(system, 1), settings.systems[system].first_training
    assert '"sha256":' in node.settings
    if step.techniques:
        assert make(step.techniques, CONTEXT)[0].deviation == 0.005  # type: ignore[attr-defined]
    else:
        made = make_own(step.objective.own, Objective, Ctc(characters("a")))  # type: ignore
        assert (made.alpha, made.gamma) == (0.5, 2.0)  # type: ignore[attr-defined]
