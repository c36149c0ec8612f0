"""Small parts of training: labels, schedule, averaging, losses, and what makes a step run again."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from pydantic import ValidationError
from small_data import RECIPE, write_split

from schatten import models, recipe
from schatten.compress import factor_fully
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.recipe import Recipe, step_settings
from schatten.recipe.chain import Node
from schatten.recipe.models import Lstm
from schatten.recipe.techniques import Penalty, techniques_of
from schatten.recipe.training import FactorWarmup, Training
from schatten.train import techniques
from schatten.train.averaging import WeightAverage
from schatten.train.data import training_loader
from schatten.train.loop import parameter_groups
from schatten.train.objectives.ctc import ctc_losses
from schatten.train.schedule import first_schedule, schedule_of
from schatten.train.targets import Targets
from schatten.units import characters
from schatten.units.spelled import SpelledUnits

TRAINING = Training(
    epochs=10, batch_seconds=10, learning_rate=1.0, warmup_steps=4, final_learning_rate_ratio=0.01
)


def test_the_loss_is_summed_over_an_utterance() -> None:
    """Two frames, one label: paths aa, a-, -a of probability 1/4 each over two units."""
    log_probs = torch.full((1, 2, 2), 0.5).log()
    loss = ctc_losses(log_probs, torch.tensor([2]), [torch.tensor([1])])
    assert float(loss) == pytest.approx(-torch.tensor(0.75).log().item())


def test_a_first_label_may_be_held_back() -> None:
    """Three frames, one label, not in the first: blank, then aa, a- or -a; exact in gradient."""
    scores = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    lengths, labels = torch.tensor([3, 3]), [torch.tensor([1])] * 2
    held = ctc_losses(scores.log_softmax(-1), lengths, labels, leading=1)
    p = scores.softmax(-1)
    expected = -(p[:, 0, 0] * (1 - p[:, 1, 0] * p[:, 2, 0])).log()
    torch.testing.assert_close(held, expected.float())
    (got,) = torch.autograd.grad(held.sum(), scores, retain_graph=True)
    (wanted,) = torch.autograd.grad(expected.sum(), scores)
    torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-4)


def test_stage1_warms_up_and_falls_to_its_last_rate() -> None:
    schedule = first_schedule(TRAINING)
    assert schedule(0, 0.0) == pytest.approx(1 / 5)
    assert schedule(100, 5.0) == pytest.approx(0.1)
    assert schedule(1000, 10.0) == pytest.approx(0.01)


def test_the_highest_rate_is_held_before_it_falls() -> None:
    held = TRAINING.model_copy(update={"hold_epochs": 2.5})
    schedule = first_schedule(held)
    assert [schedule(1000, epoch) for epoch in (0.0, 1.0, 2.5)] == [1.0, 1.0, 1.0]
    assert schedule(1000, 6.25) == pytest.approx(0.1)
    assert schedule(1000, 10.0) == pytest.approx(0.01)
    early = later_training(held, {"transition": "early", "at_epoch": 3})
    assert schedule_of(early)(0, 1.5) == pytest.approx(schedule(1000, 4.5))
    with pytest.raises(ValidationError, match="leaves none of 10 epochs"):
        Training.model_validate({**TRAINING.model_dump(), "hold_epochs": 10})


def later_training(training: Training, stage2: dict[str, Any]) -> Node:
    """Return the node after truncation of a system with these settings."""
    content = yaml.safe_load(RECIPE)
    content["trainings"] = {"default": training.model_dump()}
    content["systems"] = {
        "dense": {**content["systems"]["dense"], "ranks": [{"rank": 2}], "stage2": stage2}
    }
    content.pop("grids", None)
    return Recipe.model_validate(content).nodes("dense", 1)[-1]


def share_of_factors(training: Training, step: int, penalty: str, continues: bool = False) -> float:
    """Return what U and V take of the learning rate."""
    context = techniques.Context(training, continues=continues)
    settings = Lstm(type="lstm", lstm=(4,))
    model = models.build(settings, characters("a"), "partial")
    found = techniques.make(techniques_of(Penalty(type=penalty), None), context)
    for one in found:
        one.prepare(model)
    factor_fully(model.bank)
    others, factors = parameter_groups(model, found)
    assert len(factors.parameters) == 2 * len(list(model.bank.items()))
    assert others.share(step) == 1
    return factors.share(step)


def test_factors_have_a_rate_and_a_slow_start_of_their_own() -> None:
    warmup = FactorWarmup(share=0.25, steps=40)
    own = {"factor_learning_rate_ratio": 0.6, "factor_warmup": warmup}
    slow = TRAINING.model_copy(update=own)
    shares = [share_of_factors(slow, step, "trace_norm") for step in (0, 20, 40, 90)]
    assert shares == pytest.approx([0.15, 0.3, 0.6, 0.6])
    assert share_of_factors(TRAINING, 0, "trace_norm") == pytest.approx(0.3)
    without = TRAINING.model_copy(update={"factor_warmup": None})
    assert share_of_factors(without, 0, "trace_norm") == 1
    assert share_of_factors(slow, 0, "none") == 1
    for penalty in ("none", "trace_norm"):
        assert share_of_factors(slow, 0, penalty, continues=True) == pytest.approx(0.6)


def test_a_later_training_starts_at_three_times_the_last_rate() -> None:
    node = later_training(TRAINING, {"epochs": 4})
    schedule = schedule_of(node)
    assert schedule(0, 0.0) == pytest.approx(3 * 0.01)
    assert (schedule.epochs, node.step.epochs_in(node)) == (4, 4)


def test_an_early_transition_keeps_one_schedule() -> None:
    node = later_training(TRAINING, {"transition": "early", "at_epoch": 3})
    assert node.step.epochs_in(node) == 7
    for epoch in (0.0, 2.5, 7.0):
        expected = first_schedule(TRAINING)(1000, 3 + epoch)
        assert schedule_of(node)(1000, epoch) == pytest.approx(expected)


def test_averaging_takes_the_mean_of_what_was_added() -> None:
    layer, average = torch.nn.Linear(1, 1), WeightAverage()
    for value in (1.0, 4.0):
        torch.nn.init.constant_(layer.weight, value)
        average.add(layer)
    WeightAverage(**average.state()).apply(layer)
    assert layer.weight.item() == 2.5


def loaded(tmp_path: Path, old: str = "", new: str = "") -> Recipe:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.replace(old, new))
    return recipe.load(str(path))


def test_a_lambda_matters_to_its_own_system_alone(tmp_path: Path) -> None:
    before, after = loaded(tmp_path), loaded(tmp_path, "lambda_rec: 0.1", "lambda_rec: 0.2")
    assert before.start("dense", 1).settings == after.start("dense", 1).settings
    assert before.start("trace_norm", 1).settings != after.start("trace_norm", 1).settings


def test_a_result_version_matters_to_its_own_step_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = loaded(tmp_path)
    before = settings.start("dense", 1).settings, step_settings.tune_settings(settings, "lexicon")
    monkeypatch.setitem(step_settings.RESULT_VERSION, "tune_lexicon", 99)
    assert settings.start("dense", 1).settings == before[0]
    assert step_settings.tune_settings(settings, "lexicon") != before[1]


def test_parts_of_an_epoch_cover_the_training_split_in_turn(tmp_path: Path) -> None:
    cuts = read_features(write_split(tmp_path, "train", 30, seed=1))
    labels, settings = (
        Targets(SpelledUnits(characters("ab"), None)),
        TRAINING.model_copy(update={"epoch_parts": 3}),
    )
    epochs = [
        [
            name
            for (batch,) in training_loader(cuts, labels, settings, 1, epoch, 0)
            for name in batch.ids
        ]
        for epoch in range(4)
    ]
    assert all(epochs[:3])
    assert sorted(epochs[0] + epochs[1] + epochs[2]) == sorted(cut.id for cut in cuts)
    assert sorted(epochs[3]) == sorted(epochs[0])
    assert epochs[3] != epochs[0]


@pytest.mark.parametrize("utterances", [1, 2, 9])
def test_a_few_utterances_are_an_epoch(tmp_path: Path, utterances: int) -> None:
    cuts = read_features(write_split(tmp_path, "train", utterances, seed=1))
    batches = [batch for (batch,) in training_loader(cuts, None, TRAINING, 1, 0, 0)]
    found = [name for batch in batches for name in batch.ids]
    assert sorted(found) == sorted(cut.id for cut in cuts)


def test_features_without_their_archive_are_named(tmp_path: Path) -> None:
    cuts = write_split(tmp_path, "train", 2, seed=1)
    (tmp_path / "train.lca").unlink()
    with pytest.raises(UserError, match=r"train\.lca does not exist, .*: remove .* too"):
        read_features(cuts)
