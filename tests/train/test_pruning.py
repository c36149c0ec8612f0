"""Pruning in a training: exact sparsity, zeros that stay, thresholds, and one-shot with a refit."""

from pathlib import Path

import pytest
import torch
import toy_training
from toy_training import toy

from schatten import models
from schatten.compress import sparsity
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.recipe.pruning import Lasso, Pruning, SparsityTarget, ThresholdPruning
from schatten.recipe.steps import Prune
from schatten.recipe.training import Training
from schatten.train import one_shot
from schatten.train.techniques import Context, Step
from schatten.train.techniques.lasso import GroupLasso
from schatten.train.techniques.pruning import CubicPruning
from schatten.train.techniques.threshold_pruning import RisingThreshold, predicted, ramps_of

TRAINING = Training(epochs=2, batch_seconds=2.5, learning_rate=0.01)


class Watched(CubicPruning):
    """Notes the share of zeros before each step, and that no pruned weight has come back."""

    def __init__(self, settings: Pruning) -> None:
        super().__init__(settings, Context(TRAINING))
        self.shares: list[float] = []

    def before_step(self, step: Step) -> None:
        super().before_step(step)
        zeros = [float((weight() == 0).float().mean()) for _, weight in step.model.bank.items()]
        self.shares.append(min(zeros))
        for _, weight in step.model.bank.items():
            assert not weight.tensors["dense"][~weight.masks["dense"]].any()


def test_gradual_pruning_ends_at_its_target(tmp_path: Path) -> None:
    target = Pruning(sparsity=0.75, block=(4, 2), start=0.25, end=1.5, every=2)
    watched = Watched(target)
    model, records = toy(tmp_path, [watched])
    assert watched.shares == sorted(watched.shares)
    assert watched.shares[0] == watched.shares[1] == 0
    assert watched.shares[12:] == [watched.shares[-1]] * 4
    for name, share in records[-1]["sparsity"].items():
        assert share == pytest.approx(0.75, abs=0.02), name
    for _, weight in model.bank.items():
        assert torch.equal(weight() != 0, weight.masks["dense"])
    stored = sum(int(weight.masks["dense"].sum()) for _, weight in model.bank.items())
    assert model.bank.parameters_stored == stored


def test_a_pruned_model_keeps_its_zeros_when_it_is_saved_and_trained_on(tmp_path: Path) -> None:
    model, _ = toy(tmp_path, [toy_training.cubic()])
    models.save(model, tmp_path / "model.pt")
    loaded = models.load(tmp_path / "model.pt")
    before = {name: weight.masks["dense"].clone() for name, weight in loaded.bank.items()}
    optimizer = torch.optim.Adam(loaded.parameters(), 0.01)
    features, lengths = torch.randn(2, 40, 40), torch.tensor([40, 31])
    for _ in range(3):
        optimizer.zero_grad()
        loaded(features, lengths)[0].square().sum().backward()
        optimizer.step()
    for name, weight in loaded.bank.items():
        assert torch.equal(weight() != 0, before[name])


def reference_of(folder: Path) -> tuple[AcousticModel, Path]:
    model, _ = toy(folder / "reference", [])
    models.save(model, folder / "reference.pt")
    return model, folder / "reference.pt"


def test_thresholds_are_those_of_the_reference(tmp_path: Path) -> None:
    reference, path = reference_of(tmp_path)
    settings = ThresholdPruning(
        reference="dense", percentile=60, start=0.25, ramp=0.5, end=1.5, every=1
    )
    technique = RisingThreshold(settings, Context(TRAINING, reference=path))
    model, records = toy(tmp_path / "pruned", [technique])
    ramps = ramps_of(reference, settings, 2, 8)
    for recurrent, ramp in ramps.items():
        magnitudes = torch.cat(
            [
                weight().abs().flatten()
                for _, weight in reference.bank.items()
                if weight.recurrent == recurrent
            ]
        )
        assert float((magnitudes < ramp.q).float().mean()) == pytest.approx(0.6, abs=0.01)
        assert (ramp.start, ramp.ramp, ramp.end) == (2, 4, 12)
    assert records[-1]["predicted_sparsity"] == {
        name: round(share, 6) for name, share in predicted(reference, ramps, (1, 1)).items()
    }
    for name, share in records[-1]["sparsity"].items():
        assert share == pytest.approx(records[-1]["predicted_sparsity"][name], abs=0.15)
    for _, weight in model.bank.items():
        kept = weight().abs()[weight.masks["dense"]]
        assert 0 < float(weight.masks["dense"].float().mean()) < 1
        assert len(kept)


def test_thresholds_need_a_reference_of_the_same_matrices(tmp_path: Path) -> None:
    settings = ThresholdPruning(reference="dense", start=0.25, end=1.5)
    with pytest.raises(UserError, match="give --reference"):
        RisingThreshold(settings, Context(TRAINING))
    reference, path = reference_of(tmp_path)
    reference.bank.weights["lstm0_rec"].store_factors(torch.randn(32, 2), torch.randn(2, 8))
    models.save(reference, path)
    technique = RisingThreshold(settings, Context(TRAINING, reference=path))
    with pytest.raises(UserError, match=r"reference\.pt has other matrices"):
        toy(tmp_path / "pruned", [technique])


def test_a_penalty_on_blocks_is_added_to_the_loss(tmp_path: Path) -> None:
    plain, _ = toy(tmp_path / "plain", [])
    settings = Lasso(lambda_rec=0.5, lambda_nonrec=0.5, block=(4, 2))
    shrunk, _ = toy(tmp_path / "lasso", [GroupLasso(settings, Context(TRAINING))])
    norms = [
        sum(float(weight().detach().norm()) for _, weight in model.bank.items())
        for model in (plain, shrunk)
    ]
    assert norms[1] < norms[0]


@pytest.mark.parametrize("refit", [False, True])
def test_one_shot_pruning_meets_its_target(tmp_path: Path, refit: bool) -> None:
    model, _ = toy(tmp_path, [])
    whole = {name: weight().clone() for name, weight in model.bank.items()}
    total = sum(matrix.numel() for matrix in whole.values())
    moments = {
        piece.matrix: torch.eye(whole[piece.weight].shape[1], dtype=torch.float64)
        + 0.2 * torch.ones(whole[piece.weight].shape[1], whole[piece.weight].shape[1])
        for piece in model.bank.pieces
    }
    step = Prune(nonzeros=total // 2, allocation="global", refit=refit)
    one_shot.pruned(model, step, moments if refit else None)
    assert model.bank.parameters_stored == pytest.approx(total // 2, abs=1)
    for name, weight in model.bank.items():
        mask = weight.masks["dense"]
        same = torch.equal(weight(), whole[name] * mask)
        assert same != refit
        assert torch.equal(weight() != 0, mask)


def test_a_target_that_cannot_be_met_says_why(tmp_path: Path) -> None:
    model, _ = toy(tmp_path, [])
    with pytest.raises(ValueError, match="give another number"):
        one_shot.sparsity_of(model, SparsityTarget(nonzeros=10**9))
    with pytest.raises(ValueError, match="hold no weight"):
        one_shot.sparsity_of(model, SparsityTarget(bytes=1))
    assert one_shot.sparsity_of(model, SparsityTarget(sparsity=0.5)) == 0.5
    assert sparsity.sparsities(model.bank) == {}
