"""Gradient accumulation: a batch in pieces has the loss and gradients of the whole batch."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lhotse import CutSet
from small_data import assert_same_training, training_verb, write_split
from torch import Tensor
from toy_training import Drift, toy

from schatten.features.store import read_features
from schatten.models import AcousticModel
from schatten.models.layers import MaskedBatchNorm
from schatten.recipe.techniques import Penalty
from schatten.recipe.training import Training
from schatten.runtime.launch import Place
from schatten.train.accumulation import piece_of_batch
from schatten.train.data import Pieces, Utterances, training_loader
from schatten.train.targets import Targets
from schatten.train.techniques import Context, Step, Technique
from schatten.train.techniques.l2 import L2
from schatten.units import characters
from schatten.units.spelled import SpelledUnits

PLAIN: dict[str, Any] = {"spec_augment": None, "batch_seconds": 5.0}
"""Batches of several utterances, without random draws."""


class Watched(Technique):
    """Keeps running statistics still, and notes gradients and the number of pieces of each step."""

    def __init__(self) -> None:
        self.gradients: list[Tensor] = []
        self.pieces = [0]

    def prepare(self, model: AcousticModel) -> None:
        for norm in model.modules():
            if isinstance(norm, MaskedBatchNorm):
                norm.eval()

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        self.pieces[-1] += 1
        return loss

    def after_step(self, step: Step) -> None:
        gradients = [one.grad.flatten() for one in step.model.parameters() if one.grad is not None]
        self.gradients.append(torch.cat(gradients).clone())
        self.pieces.append(0)


def penalty() -> Technique:
    context = Context(Training(epochs=2, batch_seconds=2.5, learning_rate=0.01))
    return L2(Penalty(type="l2", lambda_rec=0.1, lambda_nonrec=0.1), context)


@pytest.mark.parametrize("pieces", [2, 3, 50])
def test_pieces_have_the_loss_and_gradients_of_the_batch(tmp_path: Path, pieces: int) -> None:
    whole, parts = Watched(), Watched()
    _, expected = toy(tmp_path / "whole", [whole, penalty()], **PLAIN)
    changes = {**PLAIN, "accumulate_gradients": pieces}
    _, records = toy(tmp_path / "parts", [parts, penalty()], **changes)
    assert max(whole.pieces) == 1 < max(parts.pieces) <= pieces
    assert len(parts.gradients) == len(whole.gradients) == sum(one["steps"] for one in records)
    torch.testing.assert_close(parts.gradients[0], whole.gradients[0], rtol=1e-4, atol=1e-5)
    for one, other in zip(records, expected, strict=True):
        assert one["steps"] == other["steps"]
        for name in ("train_loss", "dev_loss", "dev_cer", "learning_rate"):
            assert one[name] == pytest.approx(other[name], rel=1e-3), name


@pytest.mark.parametrize("inside", [False, True])
def test_a_resumed_training_has_the_same_bits(tmp_path: Path, inside: bool) -> None:
    """It stops before a step of the second epoch, or between two pieces of that step."""

    class Stop(Exception): ...

    class Stopping(Drift):
        def before_step(self, step: Step) -> None:
            super().before_step(step)
            self.heard = 0
            if step.number == 12 and not inside:
                raise Stop

        def loss(self, loss: Tensor, step: Step) -> Tensor:
            self.heard += 1
            if step.number == 12 and self.heard == 2:
                raise Stop
            return super().loss(loss, step)

    changes = {"accumulate_gradients": 2}
    whole, expected = toy(tmp_path / "whole", [Drift()], **changes)
    with pytest.raises(Stop):
        toy(tmp_path / "stopped", [Stopping()], **changes)
    resumed, records = toy(tmp_path / "stopped", [Drift()], **changes)
    assert records == expected
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_running_statistics_are_those_of_the_mean_over_pieces() -> None:
    torch.manual_seed(1)
    some, alone = torch.randn(3, 20, 4) + torch.arange(3.0)[:, None, None], MaskedBatchNorm(4)
    norm = MaskedBatchNorm(4)
    for number, piece in enumerate(some, start=1):
        with piece_of_batch(norm, number, 3):
            norm(piece)
    assert norm.momentum == alone.momentum == 0.1
    assert norm.running_mean is not None and norm.running_var is not None
    torch.testing.assert_close(norm.running_mean, 0.1 * some.mean((0, 1)))
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * some.var(1).mean(0))


def test_pieces_make_up_the_batch(tmp_path: Path) -> None:
    """They are the same for any number of processes, and hold all utterances once."""
    path = write_split(tmp_path, "train", 5, 1)
    cuts, targets = CutSet.from_cuts(list(read_features(path))), targets_of()
    for processes, wanted in ((1, [4]), (2, [4, 4])):
        every = [Pieces(targets, Place(rank, processes), 4)[cuts] for rank in range(processes)]
        assert [len(pieces) for pieces in every] == wanted
        pieces = [piece for some in every for piece in some]
        assert sorted(name for piece in pieces for name in piece.ids) == sorted(cuts.ids)
        assert {piece.shares for piece in pieces} == {len(pieces)}
        assert {piece.utterances for piece in pieces} == {5}
        sums = [torch.tensor(float(len(piece.ids))) for piece in pieces]
        means = [piece.averaged(one) for piece, one in zip(pieces, sums, strict=True)]
        assert sum(means) / len(pieces) == pytest.approx(1.0)
    assert all(piece.ids for piece in Pieces(targets, Place(), 4)[cuts])
    (alone,) = Pieces(targets, Place(), 1)[cuts]
    assert alone.ids == Utterances(targets, Place())[cuts].ids


def targets_of() -> Targets:
    return Targets(SpelledUnits(characters("ab"), None))


def test_two_processes_share_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses and weights are those of one process, BatchNorm's statistics included."""
    monkeypatch.chdir(tmp_path)
    verb = training_verb(tmp_path)
    recipe = Path(verb[verb.index("--recipe") + 1])
    settings = yaml.safe_load(recipe.read_text())
    settings["trainings"]["default"] |= {"batch_seconds": 2.0, "accumulate_gradients": 2}
    recipe.write_text(yaml.safe_dump(settings))
    for folder, processes in (("one", "1"), ("two", "2")):
        command = [*verb, "--processes", processes, "--output", f"{folder}/model.pt"]
        subprocess.run(command, check=True, capture_output=True)
    assert_same_training(Path("one"), Path("two"))


@pytest.mark.parametrize("pieces", [1, 2])
def test_loaders_change_no_bit(tmp_path: Path, pieces: int) -> None:
    cuts, targets = read_features(write_split(tmp_path, "train", 12, 1)), targets_of()
    training = Training(epochs=1, batch_seconds=1.5, learning_rate=0.1, accumulate_gradients=pieces)
    alone, ahead = (
        list(training_loader(cuts, targets, training, 1, 0, 1, loaders=loaders))
        for loaders in (0, 2)
    )
    assert len(alone) == len(ahead) > 2
    for some, others in zip(alone, ahead, strict=True):
        assert [one.ids for one in some] == [one.ids for one in others]
        for one, other in zip(some, others, strict=True):
            assert torch.equal(one.features, other.features)
            assert [x.tolist() for x in one.labels] == [x.tolist() for x in other.labels]
