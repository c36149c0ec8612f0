"""The step `sequence` after others: it keeps ranks, zeros and widths, and can be quantised."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from interruptions import interrupted_at
from small_data import write_data

from schatten import models, recipe
from schatten.errors import UserError
from schatten.export.run import export
from schatten.models.quantized_lstm import QuantizedLstm
from schatten.recipe import Recipe
from schatten.runtime.files import read_jsonl, write_jsonl
from schatten.train import steps
from schatten.units import characters

CHAIN = """
- train: {}
- - - truncate: {rank: 2}
    - - [sequence: {learning_rate: 0.001}, quantize: {}]
      - adapt: {split: train, criterion: smbr, learning_rate: 0.001}
  - - prune: {sparsity: 0.5}
    - sequence: {learning_rate: 0.001, criterion: smbr}
  - - remove_units: {share: 0.5}
    - sequence: {learning_rate: 0.001, criterion: mmi}
  - sequence: {learning_rate: 0.001}
  - sequence: {learning_rate: 0.001, ctc_weight: 0, name: alone}
"""
VERBS = {"truncate": steps.truncate, "prune": steps.prune, "remove_units": steps.remove_units}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Write features, a model of initial weights, and hypotheses for each utterance.

    Weights are not averaged and features not masked, so that what moves a weight is a gradient.
    """
    monkeypatch.chdir(tmp_path)
    _, statistics, path = write_data(tmp_path / "data")
    content = yaml.safe_load(path.read_text())
    content["systems"]["it"] = {"model": "tiny", "chain": yaml.safe_load(CHAIN)}
    content["trainings"]["default"] |= {"weight_average_epochs": 0, "spec_augment": None}
    path.write_text(yaml.safe_dump(content))
    settings = recipe.load(str(path))
    start = settings.start("it", 1)
    models.save(steps.initial_model(start, {"statistics": statistics}), Path("stage1/model.pt"))
    steps.history_of(Path("stage1/model.pt")).write_text('{"seed": 1}')
    write_hypotheses(lambda text: [f"{text} a", "b", text])
    return settings


def write_hypotheses(best_of: Any) -> None:
    """Write hypotheses by an utterance's text: a list, and the lattice of its first one."""
    head = {"log_probabilities": {"a": -1.0}, "units": characters("ab").stored()}
    rows = []
    for cut in read_jsonl("data/train.cuts.jsonl.gz"):
        best = best_of(cut["supervisions"][0]["text"])
        words = best[0].split() if best else []
        arcs = [[place, place + 1, word] for place, word in enumerate(words)]
        finals = [len(words)] if best else []
        row = {"id": cut["id"], "best": best, "start": 0, "arcs": arcs, "finals": finals}
        rows.append(row)
    write_jsonl("hypotheses.jsonl.gz", [head, *rows])


def made(settings: Recipe, folder: str, source: Path, name: str = "model.pt") -> Path:
    """Make a node of the chain from the model before it."""
    node, output = settings.node("it", 1, folder), Path(folder, name)
    files = {
        "train": Path("data/train.cuts.jsonl.gz"),
        "dev": Path("data/dev.cuts.jsonl.gz"),
        "hypotheses": Path("hypotheses.jsonl.gz"),
        "model": source,
    }
    verb = VERBS.get(node.step.kind, steps.train)
    verb(node, {need: files[need] for need in node.needs}, output)
    return output


STAGE1 = Path("stage1/model.pt")


@pytest.mark.parametrize("name", ["mwer", "adapted"])
def test_a_rank_stays(settings: Recipe, name: str) -> None:
    cut = made(settings, "rank2@e2/factored", STAGE1)
    path = made(settings, f"rank2@e2/{name}", cut)
    before, after = models.load(cut), models.load(path)
    assert set(before.bank.ranks.values()) == {2}
    assert after.bank.ranks == before.bank.ranks
    counts = [json.loads(steps.history_of(one).read_text())["parameters"] for one in (cut, path)]
    assert counts[0] == counts[1] < models.load(STAGE1).parameters_at_inference()
    for (_, one), (_, other) in zip(before.bank.items(), after.bank.items(), strict=True):
        assert not torch.equal(one(), other())
        assert int(torch.linalg.matrix_rank(other())) == 2


def test_zeros_stay_zeros(settings: Recipe) -> None:
    cut = made(settings, "sparse0.50/pruned", STAGE1)
    before, after = models.load(cut), models.load(made(settings, "sparse0.50/smbr", cut))
    for (_, one), (_, other) in zip(before.bank.items(), after.bank.items(), strict=True):
        assert torch.equal(one() != 0, other() != 0)
        assert not torch.equal(one(), other())


def test_removed_units_stay_away(settings: Recipe) -> None:
    cut = made(settings, "units0.50/removed", STAGE1)
    path = made(settings, "units0.50/mmi", cut)
    assert models.load(path).settings == models.load(cut).settings
    assert models.load(path).settings.lstm == (4, 4)  # type: ignore[union-attr]


def test_the_last_row_is_of_eight_bits(settings: Recipe, tmp_path: Path) -> None:
    """Truncated, trained on hypotheses, then with quantised passes; or exported as it is."""
    cut = made(settings, "rank2@e2/factored", STAGE1)
    trained = made(settings, "rank2@e2/mwer", cut)
    path = made(settings, "rank2@e2/mwer/int8", trained)
    model = models.load(path)
    assert isinstance(model, QuantizedLstm) and model.bits == 8
    assert set(model.bank.ranks.values()) == {2}
    for one in (trained, path):
        export(one, "int8", tmp_path / "model.gguf")
        assert (tmp_path / "model.gguf").stat().st_size > 1000


def weights(path: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = models.read(path)["state"]
    return found


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize(
    "best_of",
    [
        lambda text: [],  # nothing was recognised
        lambda text: [text],  # the reference alone
        lambda text: [text, text],
    ],
)
def test_an_utterance_with_one_hypothesis_moves_no_weight(settings: Recipe, best_of: Any) -> None:
    """Without CTC beside it; with two hypotheses weights do move."""
    before = weights(STAGE1)
    moving = {name for name, value in before.items() if "norm" not in name}
    write_hypotheses(best_of)
    after = weights(made(settings, "alone", STAGE1))
    assert all(torch.equal(before[name], after[name]) for name in moving)
    write_hypotheses(lambda text: [text, "b a b"])
    after = weights(made(settings, "alone", STAGE1))
    assert not any(torch.equal(before[name], after[name]) for name in moving if "weight" in name)


def test_threads_change_no_bit(settings: Recipe) -> None:
    """A training sets its own number of threads, whatever the process had."""
    found = []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(weights(made(settings, "mwer", STAGE1, f"threads{count}.pt")))
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    assert same(*found) and not same(found[0], weights(STAGE1))


def test_it_goes_on_from_any_step_with_the_same_bits(settings: Recipe) -> None:
    """Eight steps: killed after the second one, and at the last."""
    whole = weights(made(settings, "mwer", STAGE1, "whole.pt"))
    for step in (2, 8):
        with interrupted_at(step):
            made(settings, "mwer", STAGE1, "cut.pt")
        assert same(whole, weights(made(settings, "mwer", STAGE1, "cut.pt"))), step


def test_a_model_of_no_numbers_is_named(settings: Recipe) -> None:
    """As a training that has diverged leaves it."""
    model = models.load(STAGE1)
    with torch.no_grad():
        model.output.weight.fill_(3e38)  # the logits overflow
    models.save(model, STAGE1)
    with pytest.raises(UserError, match=r"the loss is nan at step 0, at the utterances train\d"):
        made(settings, "mwer", STAGE1)
    assert not Path("mwer/model.pt").exists()
