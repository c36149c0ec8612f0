"""Sparse matrices: scores of blocks, masks at an exact count, and least squares on what is left.

A block is R rows of C adjacent columns. The grid of blocks starts at the first row and the first
column; blocks at the lower and right edge may be smaller. `order` is the order in which the engine
stores the columns, where that is another one: blocks are adjacent there.
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
"""`uniform`: every matrix has the same sparsity; `global`: blocks of all matrices compete by
`layer_adaptive` scores."""
Norm = Literal["square", "largest"]
"""What counts of a block: the mean of its squares, or its largest magnitude."""
TINY = 1e-12
"""Added below a square root, whose slope at zero is infinite: below the square of any weight."""
SCALE_BYTES = 4
"""Bytes of a row's scale in an int8 file."""


def block_scores(
    matrix: Tensor, block: Block, order: Tensor | None = None, norm: Norm = "square"
) -> Tensor:
    """Return the score of every block (tiles, steps) of a matrix (m, n), in float32.

    `square` is the mean over the entries that a block has, so that a block that is cut off at an
    edge competes fairly. `largest` is what Narang et al. (2017b) prune blocks by.
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
    """Return which entries (m, n) belong to the blocks `kept` (tiles, steps), a bool tensor."""
    spread = kept.repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)
    spread = spread[: shape[0], : shape[1]]
    if order is None:
        return spread.contiguous()
    mask = torch.empty_like(spread)
    mask[:, order] = spread
    return mask


def _in_blocks(matrix: Tensor, block: Block) -> Tensor:
    """Return (tiles, R, steps, C): a matrix (m, n) padded with zeros to whole blocks."""
    rows, columns = matrix.shape
    padding = (0, -columns % block[1], 0, -rows % block[0])
    padded = torch.nn.functional.pad(matrix, padding)
    tiles, steps = padded.shape[0] // block[0], padded.shape[1] // block[1]
    return padded.view(tiles, block[0], steps, block[1])


def keep_largest(scores: Tensor, count: int) -> Tensor:
    """Return which of some scores are the `count` largest, a bool tensor of their shape.

    Of equal scores the first ones are kept: the result is the same on every machine.
    """
    kept = torch.zeros(scores.numel(), dtype=torch.bool, device=scores.device)
    kept[scores.flatten().argsort(descending=True, stable=True)[:count]] = True
    return kept.view(scores.shape)


def layer_adaptive(scores: Tensor) -> Tensor:
    """Return scores of blocks that compare across matrices, in float64 (LAMP, Lee et al., 2021).

    The score of a block divided by the sum of those that are not smaller: the share that it has of
    what is left when all smaller ones are gone. The largest block has 1, so no matrix is emptied
    while others have blocks to give. Plain magnitudes would empty matrices with many inputs, whose
    weights are small. Of equal scores the first ones count as larger.
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
    """`dense`, `u` or `v`."""
    order: Tensor | None

    @property
    def tensor(self) -> Tensor:
        """The tensor (m, n) with the values that masks are taken from."""
        return self.weight.tensors[self.key]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.tensor.shape[0], self.tensor.shape[1]

    def blocks(self, block: Block) -> int:
        """Count the blocks of its grid."""
        return math.ceil(self.shape[0] / block[0]) * math.ceil(self.shape[1] / block[1])


def prunable(bank: WeightBank) -> dict[str, Prunable]:
    """Return the tensors of a bank that can be pruned: `gru0_rec`, or `gru0_rec.u` of factors."""
    return {
        name: part
        for key, weight in bank.items()
        for name, part in parts_of(key, weight, bank).items()
    }


def parts_of(name: str, weight: Weight, bank: WeightBank) -> dict[str, Prunable]:
    """Return the tensors of one weight of a bank that can be pruned."""
    if not weight.is_factored:
        return {name: Prunable(weight, "dense", bank.order_of(name))}
    # The engine reorders the columns of what reads the input: W, or V.
    return {
        f"{name}.u": Prunable(weight, "u", None),
        f"{name}.v": Prunable(weight, "v", bank.order_of(name)),
    }


def reserve_masks(bank: WeightBank, block: Block) -> None:
    """Give every weight a mask that keeps all; one that has a mask keeps it."""
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
    """Keep the blocks `kept` (tiles, steps) of each prunable tensor, and put zeros elsewhere."""
    reserve_masks(bank, block)
    for name, one in prunable(bank).items():
        mask = entries_of(kept[name], one.shape, block, one.order)
        one.weight.masks[one.key].copy_(mask)
    apply_masks(bank)


@torch.no_grad()
def apply_masks(bank: WeightBank) -> None:
    """Put zeros where masks keep nothing.

    An optimizer's momentum moves weights without a gradient, so a training does this at each step.
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

    Sparsity is the share of blocks that are zero. With `global`, the blocks of all matrices compete
    by `layer_adaptive` scores. Raises `ValueError` for a sparsity outside of [0, 1).
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
    """Return the blocks that each prunable tensor keeps above a threshold.

    `thresholds` has one for recurrent weights (True) and one for the others (Narang et al., 2017,
    algorithm 1: a threshold per layer type).
    """
    found = {}
    for name, one in prunable(bank).items():
        scores = block_scores(one.tensor, block, one.order, norm)
        found[name] = scores > thresholds[one.weight.recurrent]
    return found


def sparsity_for_entries(bank: WeightBank, entries: int) -> float:
    """Return the sparsity at which the weights of a bank have `entries` left.

    Raises `ValueError` if none or all of them would be.
    """
    total = sum(math.prod(one.shape) for one in prunable(bank).values())
    if not 0 < entries <= total:
        raise ValueError(f"{entries} weights are not among 1 to {total}: give another number")
    return 1 - entries / total


def sparsity_for_bytes(bank: WeightBank, size: int, block: Block) -> float:
    """Return the sparsity at which the weights of a bank take `size` bytes in int8.

    See `int8_bytes`. Raises `ValueError` if index and scales alone take more, or all weights less.
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
    """Count the bytes of tensors in int8: the entries that are kept, an index, a scale a row.

    The index has one bit for each block of a masked tensor; others have none.
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
    """Return the share of zeros of each masked tensor of a bank."""
    return {
        name: 1 - float(masks[one.key].float().mean())
        for name, one in prunable(bank).items()
        if (masks := one.weight.masks)
    }


def refit(matrix: Tensor, mask: Tensor, moment: Tensor) -> Tensor:
    """Return what is left of a matrix W (m, n) refitted to its inputs, zero outside of the mask.

    Each row w minimises E[((w - ŵ) x)²] over ŵ with the entries of its mask (m, n), where `moment`
    (n, n) is A = E[x xᵀ]: ŵ = w A[:, S] A[S, S]⁻¹ (Hassibi and Stork, 1993, for a given mask). Rows
    with equal masks are solved together. A ridge of `FLOOR` times the mean diagonal makes it
    solvable.
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
