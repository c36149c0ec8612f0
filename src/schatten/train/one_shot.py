"""Pruning a trained model at once, with a refit of what is left; what a target asks of a model."""

import torch

from schatten.compress import sparsity
from schatten.compress.truncate import Moments, moment_of
from schatten.models import AcousticModel
from schatten.recipe.pruning import SparsityTarget
from schatten.recipe.steps import Prune


@torch.no_grad()
def pruned(model: AcousticModel, step: Prune, moments: Moments | None = None) -> None:
    """Put zeros where the large matrices of `model` are smallest, in place.

    With the second `moments` of each matrix's inputs, what is left is refitted to them. Raises
    `ValueError` for a target that cannot be met.
    """
    bank = model.bank
    share = sparsity_of(model, step)
    whole = {name: weight().clone() for name, weight in bank.items()}
    kept = sparsity.blocks_at(bank, share, step.block, step.allocation)
    sparsity.set_masks(bank, kept, step.block)
    if moments is None:
        return
    for name, weight in bank.items():
        moment = moment_of(bank, name, moments)
        assert moment is not None
        fitted = sparsity.refit(whole[name], weight.masks["dense"], moment)
        weight.tensors["dense"].copy_(fitted)


def sparsity_of(model: AcousticModel, target: SparsityTarget) -> float:
    """Return the sparsity of the large matrices that meets a target of the recipe.

    Raises `ValueError` if the target cannot be met.
    """
    if target.nonzeros is not None:
        return sparsity.sparsity_for_entries(model.bank, target.nonzeros)
    if target.bytes is not None:
        return sparsity.sparsity_for_bytes(model.bank, target.bytes, target.block)
    assert target.sparsity is not None
    return target.sparsity
