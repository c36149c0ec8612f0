"""Pruning a trained model at once: single weights, with a refit of what is left, or whole units."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from schatten.compress import sparsity, units
from schatten.compress.truncate import Moments, moment_of
from schatten.models import AcousticModel
from schatten.models.units import (
    OUTPUT,
    input_means,
    keep_units,
    output_squares,
    unit_groups,
    unit_matrices,
)
from schatten.recipe.pruning import SparsityTarget
from schatten.recipe.steps import Prune, RemoveUnits


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


@torch.no_grad()
def without_units(
    model: AcousticModel, step: RemoveUnits, moments: Moments | None = None
) -> AcousticModel:
    """Return a smaller model: `model` without the units that score least.

    The score `activations` needs the second `moments` of each matrix's inputs. Raises `ValueError`
    for a target that cannot be met, and for matrices that are sparse or of low rank.
    """
    groups, matrices = unit_groups(model), unit_matrices(model)
    squares = None if moments is None else _variances(model, groups, moments)
    scores = units.unit_scores(groups, matrices, step.score, squares)
    order = units.removal_order(scores, step.allocation)
    if step.share is not None:
        count = round(step.share * sum(group.units for group in groups))
        order = order[:count]
    else:
        largest = step.parameters or step.bytes
        assert largest is not None
        size = _size_of(model, groups, matrices, of_bytes=step.bytes is not None)
        order = order[: units.fewest_removed(groups, order, size, largest)]
    return keep_units(model, units.units_left(groups, order))


def _variances(
    model: AcousticModel, groups: list[units.UnitGroup], moments: Moments
) -> dict[str, Tensor]:
    """Return the variance of each input (n,) of the matrices that read units.

    Their means are not lost with a unit: they go to biases.
    """
    means, found = input_means(model, groups), {}
    for name, mean in means.items():
        if name in moments:
            squares = moments[name].diagonal()
        elif name == OUTPUT:
            squares = output_squares(model, moments)
        found[name] = (squares - mean.double().square()).clamp(min=0)
    return found


def _size_of(
    model: AcousticModel,
    groups: list[units.UnitGroup],
    matrices: Mapping[str, Tensor],
    of_bytes: bool,
) -> Callable[[Mapping[str, int]], int]:
    """Return what counts the parameters of the whole model, or int8 bytes of large matrices."""
    shapes = {name: (one.shape[0], one.shape[1]) for name, one in matrices.items()}
    large = [name for name in shapes if name != OUTPUT]
    others = model.parameters_at_inference() - model.bank.parameters_stored
    others -= matrices[OUTPUT].numel()

    def size(left: Mapping[str, int]) -> int:
        made = units.sizes_left(groups, shapes, left)
        if of_bytes:
            return sum(made[name][0] * (made[name][1] + sparsity.SCALE_BYTES) for name in large)
        gone = sum(group.vectors * (group.units - left[group.name]) for group in groups)
        return others - gone + sum(rows * columns for rows, columns in made.values())

    return size
