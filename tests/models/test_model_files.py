"""Files of models: those of earlier versions load, and the bytes of new ones stay the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from small_models import KINDS

from schatten import models
from schatten.errors import UserError
from schatten.units import characters

DATA = Path(__file__).with_name("data")
OLD = ["gru", "gru_joint", "lstm_factored", "lstm_projection"]
"""Written before weights had forms: dense, joint factors, factors, a shared projection."""


@pytest.mark.parametrize("name", OLD)
def test_a_model_file_of_before_gives_the_same_outputs(name: str) -> None:
    expected = json.loads((DATA / "last_frames.json").read_text())[name]
    model = models.load(DATA / f"{name}.pt")
    assert model.units == characters("ab")
    torch.manual_seed(3)
    features = torch.randn(1, 6, 40) - 8
    with torch.no_grad():
        log_probs, lengths = model(features, torch.tensor([6]))
    last = log_probs[0, lengths[0] - 1]
    torch.testing.assert_close(last, torch.tensor(expected), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", OLD)
def test_a_model_file_of_before_is_written_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    models.save(models.load(DATA / f"{name}.pt"), tmp_path / "model.pt")
    assert (tmp_path / "model.pt").read_bytes() == (DATA / f"{name}.pt").read_bytes()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "pruned" not in kind])
def test_a_file_names_the_rank_of_each_weight_and_its_state_by_form(
    kind: str, tmp_path: Path
) -> None:
    model = KINDS[kind]()
    models.save(model, tmp_path / "model.pt")
    content = models.read(tmp_path / "model.pt")
    expected = []
    for name, rank in content["ranks"].items():
        stored = ["dense"] if rank is None else ["u", "v"]
        expected += [f"bank.weights.{name}.{one}" for one in stored]
    assert [key for key in content["state"] if key.startswith("bank.")] == expected
    assert content["units"] == model.units.stored()
    again = models.load(tmp_path / "model.pt")
    assert again.bank.ranks == model.bank.ranks
    for name, matrix in model.bank.form().items():
        assert torch.equal(again.bank.form()[name], matrix)


def test_a_form_of_a_later_version_is_refused_in_words(tmp_path: Path) -> None:
    content = models.read(DATA / "gru.pt")
    content["ranks"]["gru0_rec"] = {"form": "folded"}
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(UserError, match=r"model\.pt cannot be read: .*form 'folded'"):
        models.load(tmp_path / "model.pt")


def test_models_load_nothing_that_stands_above_them() -> None:
    code = "import sys, schatten.models, schatten.models.projection; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = [name for name in run.stdout.split() if name.startswith("schatten.")]
    packages = {name.split(".")[1] for name in loaded}
    assert packages <= {"models", "compress", "units", "recipe", "runtime", "errors", "letters"}
