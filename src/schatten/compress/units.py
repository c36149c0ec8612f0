"""Removal of whole units. The matrices get smaller but stay dense, so they need no new kernel.

A unit of a recurrent layer has one row for each gate in the matrices of its layer. It has one
column in the recurrent matrix, and one in each matrix that reads the layer. All of them are kept or
removed together (the intrinsic sparse structures of Wen et al., 2018).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from schatten.compress.sparsity import TINY, layer_adaptive

Score = Literal["group_lasso", "activations", "magnitude"]
"""How a unit is scored.

`group_lasso`: by the norm of all its weights. `magnitude`: by the mean magnitude of its incoming
weights (Li et al., 2017). `activations`: by the mean square of its output, as each reader gets it,
times the sum of its squared outgoing weights.
"""
Matrices = Mapping[str, Tensor]


@dataclass(frozen=True)
class UnitGroup:
    """The units of one layer, and where their weights are."""

    name: str
    """The layer."""
    units: int
    rows: Mapping[str, int]
    """Gates of each matrix that has rows of the units; gate g of unit u is row g * units + u."""
    columns: tuple[str, ...]
    """Matrices that read the units: column u is unit u."""
    vectors: int = 0
    """How many numbers a unit has outside of matrices: its biases."""


def unit_norms(group: UnitGroup, matrices: Matrices) -> Tensor:
    """Return sqrt(entries) ‖W_u‖ of every unit u (units,), over all of its rows and columns.

    The result has a gradient. For a unit of zeros the gradient is zero, not NaN.
    """
    squares, entries = [], 0
    for rows in _rows(group, matrices):
        squares.append(rows.square().sum((0, 2)))
        entries += rows.shape[0] * rows.shape[2]
    for name in group.columns:
        squares.append(matrices[name].square().sum(0))
        entries += matrices[name].shape[0]
    return (entries * torch.stack(squares).sum(0) + TINY).sqrt()


def unit_lasso_penalty(groups: Sequence[UnitGroup], matrices: Matrices, strength: float) -> Tensor:
    """Return strength * sqrt(entries) ‖W_u‖ summed over all units, a scalar (Wen et al., 2018).

    A recurrent weight belongs to two units and counts for both.
    """
    terms = [unit_norms(group, matrices).sum() for group in groups]
    return strength * torch.stack(terms).sum()


@torch.no_grad()
def unit_scores(
    groups: Sequence[UnitGroup],
    matrices: Matrices,
    score: Score = "group_lasso",
    squares: Matrices | None = None,
) -> dict[str, Tensor]:
    """Return the scores (units,) of each layer's units, float64; low scores are removed first.

    The score `activations` needs `squares`: the mean squares (n,) of the inputs of every matrix
    that reads units. Raises `ValueError` if one is missing.
    """
    found = {}
    for group in groups:
        if score == "magnitude":
            rows = torch.cat([one.transpose(0, 1).flatten(1) for one in _rows(group, matrices)], 1)
            found[group.name] = rows.double().abs().mean(1)
        elif score == "group_lasso":
            found[group.name] = unit_norms(group, {k: v.double() for k, v in matrices.items()})
        else:
            missing = [name for name in group.columns if squares is None or name not in squares]
            if squares is None or missing:
                raise ValueError(
                    f"no mean square was given of what {missing[0]} multiplies: give one of each"
                )
            found[group.name] = torch.stack(
                [
                    squares[name].double() * matrices[name].double().square().sum(0)
                    for name in group.columns
                ]
            ).sum(0)
    return found


def removal_order(
    scores: Mapping[str, Tensor], allocation: Literal["uniform", "global"] = "uniform"
) -> list[tuple[str, int]]:
    """Return units as (layer, unit), in the order of removal; the best of each layer is left out.

    `uniform` removes the same share of every layer. With `global`, the units of all layers compete:
    a unit counts by its share of what is left of its layer (Lee et al., 2021). Of equal units the
    earlier layer and the earlier unit comes first.
    """
    ranked = []
    for place, (name, values) in enumerate(scores.items()):
        worst_first = values.argsort(stable=True).tolist()[:-1]
        shares = layer_adaptive(values.square()).tolist()
        for position, unit in enumerate(worst_first):
            key = (position + 1) / len(values) if allocation == "uniform" else shares[unit]
            ranked.append((key, place, position, (name, unit)))
    return [one for *_, one in sorted(ranked)]


def units_left(
    groups: Sequence[UnitGroup], removed: Sequence[tuple[str, int]]
) -> dict[str, Tensor]:
    """Return the indices (kept,) of each layer's units that are not removed, in ascending order."""
    gone: dict[str, set[int]] = {group.name: set() for group in groups}
    for name, unit in removed:
        gone[name].add(unit)
    return {
        group.name: torch.tensor([u for u in range(group.units) if u not in gone[group.name]])
        for group in groups
    }


def sizes_left(
    groups: Sequence[UnitGroup], shapes: Mapping[str, tuple[int, int]], left: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return the shape of every matrix when each layer has as many units as `left` says."""
    found = dict(shapes)
    for group in groups:
        for name, gates in group.rows.items():
            found[name] = gates * left[group.name], found[name][1]
        for name in group.columns:
            found[name] = found[name][0], left[group.name]
    return found


def fewest_removed(
    groups: Sequence[UnitGroup],
    order: Sequence[tuple[str, int]],
    size_of: Callable[[Mapping[str, int]], int],
    largest: int,
) -> int:
    """Return how many units of `order` have to be removed for a size of at most `largest`.

    `size_of` computes the size from the number of units left in each layer. Raises `ValueError` if
    the size is larger even with one unit left in each layer.
    """
    left = {group.name: group.units for group in groups}
    for count in range(len(order) + 1):
        if size_of(left) <= largest:
            return count
        if count < len(order):
            left[order[count][0]] -= 1
    raise ValueError(f"one unit of each layer is {size_of(left):,} already: give a larger number")


def smaller_matrices(
    groups: Sequence[UnitGroup], matrices: Matrices, kept: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the matrices with only the rows and columns of the `kept` units of each layer."""
    found = dict(matrices)
    for group in groups:
        units = kept[group.name]
        for name, gates in group.rows.items():
            found[name] = found[name][rows_of(units, gates, group.units)]
        for name in group.columns:
            found[name] = found[name][:, units]
    return found


def lost_means(
    group: UnitGroup, matrices: Matrices, kept: Tensor, means: Matrices
) -> dict[str, Tensor]:
    """Return what the removed units contribute on average to each matrix product (m,).

    The matrices are those that read the units, and `means` has the mean inputs (n,) of each. Added
    to a bias, the contribution replaces constant units exactly, and the others by their mean.
    """
    gone = torch.ones(group.units, dtype=torch.bool)
    gone[kept] = False
    return {name: matrices[name][:, gone] @ means[name][gone] for name in group.columns}


def rows_of(units: Tensor, gates: int, count: int) -> Tensor:
    """Return the rows (gates * k,) of units (k,) in a matrix with `count` units for each gate."""
    return (torch.arange(gates)[:, None] * count + units).flatten()


def _rows(group: UnitGroup, matrices: Matrices) -> list[Tensor]:
    """Return the rows (gates, units, n) of each matrix that has rows of the units."""
    return [matrices[name].unflatten(0, (gates, -1)) for name, gates in group.rows.items()]
