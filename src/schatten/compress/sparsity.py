"""Sparse matrices: scores of blocks, masks with an exact count, and refitting of what is left.

A block is R rows of C adjacent columns. The grid of blocks starts at the first row and the first
column. Blocks at the lower and right edge may be smaller.

The engine may store the columns in another order. `order` then has their indices in that order,
and the columns of a block are adjacent in it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from schatten.compress.activations import FLOOR
from schatten.compress.bank import WeightBank
from schatten.compress.forms import Block, Masked, MaskedFactors, mask_name
from schatten.compress.weight import Weight

Allocation = Literal["uniform", "global"]
"""How sparsity is spread over matrices.

`uniform`: every matrix has the same sparsity. `global`: the blocks of all matrices compete, by
their `layer_adaptive` scores.
"""
Norm = Literal["square", "largest"]
"""How a block is scored: by the mean of its squared entries, or by its largest magnitude."""
TINY = 1e-12
"""Added under a square root, whose slope at zero is infinite.

It is smaller than the square of any weight that matters.
"""
SCALE_BYTES = 4
"""Bytes of the scale of a row in an int8 file."""


def block_scores(
    matrix: Tensor, block: Block, order: Tensor | None = None, norm: Norm = "square"
) -> Tensor:
    """Return the score of every block (tiles, steps) of a matrix (m, n), in float32.

    With the norm `square`, it is the mean of the squared entries. The mean is over the entries that
    the block has, so that smaller blocks at the edges compete fairly. With `largest`, it is the
    largest magnitude, as in Narang et al. (2017b).
    """
    values = matrix.detach().float()
    blocks = _in_blocks(values if order is None else values[:, order], block)
    if norm == "largest":
        return blocks.abs().amax((1, 3))
    entries = _in_blocks(torch.ones_like(values), block).sum((1, 3))
    return blocks.square().sum((1, 3)) / entries


def block_norms(matrix: Tensor, block: Block, order: Tensor | None = None) -> Tensor:
    """Return sqrt(entries) ‖W_b‖ of every block b (tiles, steps), with a gradient.

    The gradient of a block of zeros is zero, not NaN.
    """
    if block == (1, 1):
        return matrix.abs()
    blocks = _in_blocks(matrix if order is None else matrix[:, order], block)
    entries = _in_blocks(torch.ones_like(matrix), block).sum((1, 3))
    return (entries * blocks.square().sum((1, 3)) + TINY).sqrt()


def entries_of(kept: Tensor, shape: tuple[int, int], block: Block, order: Tensor | None) -> Tensor:
    """Return a bool tensor of `shape` (m, n), true for the entries of the blocks `kept`.

    `kept` is a bool tensor (tiles, steps).
    """
    spread = kept.repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)
    spread = spread[: shape[0], : shape[1]]
    if order is None:
        return spread.contiguous()
    mask = torch.empty_like(spread)
    mask[:, order] = spread
    return mask


def _in_blocks(matrix: Tensor, block: Block) -> Tensor:
    """Return a matrix (m, n) as blocks (tiles, R, steps, C), padded with zeros to whole blocks."""
    rows, columns = matrix.shape
    padding = (0, -columns % block[1], 0, -rows % block[0])
    padded = torch.nn.functional.pad(matrix, padding)
    tiles, steps = padded.shape[0] // block[0], padded.shape[1] // block[1]
    return padded.view(tiles, block[0], steps, block[1])


def keep_largest(scores: Tensor, count: int) -> Tensor:
    """Return a bool tensor of the shape of `scores`, true for the `count` largest.

    Of equal scores the first ones are kept, so the result is the same on every machine.
    """
    kept = torch.zeros(scores.numel(), dtype=torch.bool, device=scores.device)
    kept[scores.flatten().argsort(descending=True, stable=True)[:count]] = True
    return kept.view(scores.shape)


def layer_adaptive(scores: Tensor) -> Tensor:
    """Return scores of blocks that compare across matrices, in float64 (LAMP, Lee et al., 2021).

    The score of a block is divided by the sum of all scores that are not smaller. This is its share
    of what is left once all smaller blocks are removed. The largest block has the score 1, so no
    matrix is emptied while others still have smaller blocks. Plain magnitudes would empty matrices
    with many inputs, whose weights are small. Of equal scores the first ones count as larger.
    """
    order = scores.flatten().double().argsort(descending=True, stable=True)
    ordered = scores.flatten().double()[order]
    shares = torch.empty_like(ordered)
    shares[order] = ordered / ordered.cumsum(0).clamp(min=1e-300)
    return shares.view(scores.shape)


@dataclass(frozen=True)
class Prunable:
    """A tensor that can be pruned: W, or one of its factors U and V."""

    weight: Weight
    key: str
    """Which tensor of the weight it is: `dense`, `u` or `v`."""
    order: Tensor | None
    """Column indices in the order in which the engine stores them; None if it is the same."""

    @property
    def tensor(self) -> Tensor:
        """The tensor (m, n) itself, from whose values masks are computed."""
        return self.weight.tensors[self.key]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.tensor.shape[0], self.tensor.shape[1]

    def blocks(self, block: Block) -> int:
        """Return the number of blocks in its grid."""
        return math.ceil(self.shape[0] / block[0]) * math.ceil(self.shape[1] / block[1])


def prunable(bank: WeightBank) -> dict[str, Prunable]:
    """Return the tensors of a bank that can be pruned, by name.

    A dense weight is called as in the bank, `gru0_rec`. Factors are `gru0_rec.u` and `gru0_rec.v`.
    """
    return {
        name: part
        for key, weight in bank.items()
        for name, part in parts_of(key, weight, bank).items()
    }


def parts_of(name: str, weight: Weight, bank: WeightBank) -> dict[str, Prunable]:
    """Return the tensors of one weight of a bank that can be pruned, by name."""
    if not weight.is_factored:
        return {name: Prunable(weight, "dense", bank.order_of(name))}
    # The engine reorders the columns of what reads the input: W, or V.
    return {
        f"{name}.u": Prunable(weight, "u", None),
        f"{name}.v": Prunable(weight, "v", bank.order_of(name)),
    }


def reserve_masks(bank: WeightBank, block: Block) -> None:
    """Give every weight without a mask a mask that keeps all entries."""
    for _, weight in bank.items():
        if isinstance(weight.form, Masked | MaskedFactors):
            continue
        tensors = weight.tensors
        masks = {
            mask_name(key): torch.ones_like(value, dtype=torch.bool)
            for key, value in tensors.items()
        }
        form = (
            MaskedFactors(weight.shape, tensors["u"].shape[1], block)
            if weight.is_factored
            else Masked(weight.shape, block)
        )
        weight.store(form, tensors | masks)


@torch.no_grad()
def set_masks(bank: WeightBank, kept: Mapping[str, Tensor], block: Block) -> None:
    """Keep the blocks `kept` (tiles, steps) of each prunable tensor, and set the rest to zero."""
    reserve_masks(bank, block)
    for name, one in prunable(bank).items():
        mask = entries_of(kept[name], one.shape, block, one.order)
        one.weight.masks[one.key].copy_(mask)
    apply_masks(bank)


@torch.no_grad()
def apply_masks(bank: WeightBank) -> None:
    """Set entries to zero where masks are false.

    Training does this at each step, because an optimizer's momentum also moves weights that have no
    gradient.
    """
    for _, weight in bank.items():
        for key, mask in weight.masks.items():
            weight.tensors[key].mul_(mask)


def blocks_at(
    bank: WeightBank,
    sparsity: float,
    block: Block,
    allocation: Allocation = "uniform",
    norm: Norm = "square",
) -> dict[str, Tensor]:
    """Return the blocks (tiles, steps) that each prunable tensor keeps at an exact sparsity.

    Sparsity is the share of blocks that are zero. For `allocation` see `Allocation`. Raises
    `ValueError` for a sparsity outside [0, 1).
    """
    if not 0 <= sparsity < 1:
        raise ValueError(f"a sparsity of {sparsity:g} keeps nothing or more than all: give 0 to 1")
    scores = {
        name: block_scores(one.tensor, block, one.order, norm)
        for name, one in prunable(bank).items()
    }
    if allocation == "uniform":
        return {
            name: keep_largest(one, round((1 - sparsity) * one.numel()))
            for name, one in scores.items()
        }
    every = torch.cat([layer_adaptive(one).flatten() for one in scores.values()])
    kept = keep_largest(every, round((1 - sparsity) * len(every)))
    parts = kept.split([one.numel() for one in scores.values()])
    pairs = zip(scores.items(), parts, strict=True)
    return {name: part.view(one.shape) for (name, one), part in pairs}


def blocks_above(
    bank: WeightBank, thresholds: Mapping[bool, float], block: Block, norm: Norm = "largest"
) -> dict[str, Tensor]:
    """Return the blocks (tiles, steps) of each prunable tensor whose score is above a threshold.

    `thresholds` has one for recurrent weights (True) and one for all others (False). Source: Narang
    et al. (2017), algorithm 1, with a threshold for each layer type.
    """
    found = {}
    for name, one in prunable(bank).items():
        scores = block_scores(one.tensor, block, one.order, norm)
        found[name] = scores > thresholds[one.weight.recurrent]
    return found


def sparsity_for_entries(bank: WeightBank, entries: int) -> float:
    """Return the sparsity at which the weights of a bank keep `entries` entries.

    Raises `ValueError` if this is below 1 or more than they have.
    """
    total = sum(math.prod(one.shape) for one in prunable(bank).values())
    if not 0 < entries <= total:
        raise ValueError(f"{entries} weights are not among 1 to {total}: give another number")
    return 1 - entries / total


def sparsity_for_bytes(bank: WeightBank, size: int, block: Block) -> float:
    """Return the sparsity at which the weights of a bank take `size` bytes in int8.

    Bytes count as in `int8_bytes`. Raises `ValueError` if index and scales alone take more, or if
    all weights fit without pruning.
    """
    parts = prunable(bank).values()
    index = sum(math.ceil(one.blocks(block) / 8) for one in parts)
    scales = SCALE_BYTES * sum(one.shape[0] for one in parts)
    left = size - index - scales
    if left <= 0:
        raise ValueError(
            f"{size} bytes hold no weight: the index of blocks takes {index}, the scales {scales}"
        )
    total = sum(math.prod(one.shape) for one in parts)
    if left > total:
        raise ValueError(f"{size} bytes hold all weights: nothing would be pruned")
    return 1 - left / total


def int8_bytes(parts: Mapping[str, Prunable]) -> int:
    """Return the bytes of tensors in int8: kept entries, an index, and a scale for each row.

    The index has one bit for each block of a masked tensor. Tensors without a mask have no index.
    """
    total = 0
    for one in parts.values():
        form = one.weight.form
        total += SCALE_BYTES * one.shape[0]
        if isinstance(form, Masked | MaskedFactors):
            total += int(one.weight.masks[one.key].sum()) + math.ceil(one.blocks(form.block) / 8)
        else:
            total += math.prod(one.shape)
    return total


def sparsities(bank: WeightBank) -> dict[str, float]:
    """Return for each tensor with a mask the share of its entries that the mask sets to zero."""
    return {
        name: 1 - float(masks[one.key].float().mean())
        for name, one in prunable(bank).items()
        if (masks := one.weight.masks)
    }


def refit(matrix: Tensor, mask: Tensor, moment: Tensor) -> Tensor:
    """Return a matrix W (m, n) whose entries in the mask are refitted; others are zero.

    Each row ŵ minimises E[((w - ŵ) x)²] over the entries S of its row of the mask (m, n). With
    `moment` (n, n), A = E[x xᵀ], the solution is ŵ = w A[:, S] A[S, S]⁻¹ (Hassibi and Stork, 1993,
    for a given mask). Rows with equal masks are solved together. A ridge of `FLOOR` times the mean
    diagonal makes A[S, S] invertible.
    """
    source, square = matrix.detach().double(), moment.double()
    ridge = FLOOR * float(square.diagonal().mean())
    fitted = torch.zeros_like(source)
    patterns, members = mask.unique(dim=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        chosen = pattern.nonzero().flatten()
        if not len(chosen):
            continue
        rows = (members == number).nonzero().flatten()
        inner = square[chosen][:, chosen] + ridge * torch.eye(len(chosen), dtype=torch.float64)
        right = source[rows] @ square[:, chosen] + ridge * source[rows][:, chosen]
        fitted[rows[:, None], chosen] = torch.linalg.solve(inner, right.T).T
    return fitted.to(matrix.dtype)
