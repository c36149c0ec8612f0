"""Settings of pruning: how sparse matrices become, in which blocks, and when."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from schatten.recipe.base import Name, NotNegative, Positive, PositiveFloat, Settings
from schatten.recipe.ranks import digits

Block = tuple[Positive, Positive]
"""Rows and adjacent columns that are kept, or zero, together."""
_TARGETS = ("sparsity", "nonzeros", "bytes")


def _not_all(share: float) -> float:
    if share >= 1:
        raise ValueError("a sparsity of 1 keeps nothing: give the share of zeros, below 1")
    return share


Sparsity = Annotated[float, Field(gt=0), AfterValidator(_not_all)]


class SparsityTarget(Settings):
    """How sparse the large matrices become: one of `sparsity`, `nonzeros` and `bytes`."""

    sparsity: Sparsity | None = None
    """Share of the weights of the large matrices that are zero."""
    nonzeros: Positive | None = None
    """Weights of the large matrices that are left."""
    bytes: Positive | None = None
    """Bytes of the large matrices in int8: weights that are left, an index of a bit a block, a
    scale of 4 bytes a row."""
    block: Block = (1, 1)
    """Rows and columns of the blocks that are kept, or zero, together."""
    allocation: Literal["uniform", "global"] = "uniform"
    """`uniform`: every matrix is as sparse; `global`: blocks of all matrices compete by the share
    that they have of what is left of their matrix (Lee et al., 2021)."""

    @model_validator(mode="after")
    def _one_target(self) -> "SparsityTarget":
        given = [name for name in _TARGETS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(_TARGETS)}: how sparse the matrices become")
        return self

    @property
    def target_label(self) -> str:
        """The target with block and allocation in paths: `sparse0.75b16x4`."""
        if self.sparsity is not None:
            said = f"sparse{digits(self.sparsity)}"
        else:
            said = f"nonzeros{self.nonzeros}" if self.nonzeros else f"bytes{self.bytes}"
        block = "" if self.block == (1, 1) else f"b{self.block[0]}x{self.block[1]}"
        return f"{said}{block}{'global' if self.allocation == 'global' else ''}"

    @property
    def target_spoken(self) -> str:
        """The target in words: `75 % zeros, blocks of 16x4`."""
        if self.sparsity is not None:
            said = f"{100 * self.sparsity:g} % zeros"
        else:
            said = f"{self.nonzeros:,} weights" if self.nonzeros else f"{self.bytes:,} bytes"
        blocks = "" if self.block == (1, 1) else f", blocks of {self.block[0]}x{self.block[1]}"
        return f"{said}{blocks}{', over all matrices' if self.allocation == 'global' else ''}"


class Pruning(SparsityTarget):
    """Gradual pruning to an exact sparsity (Zhu and Gupta, 2017, equation 1).

    Weights of large matrices become zero while the training goes on, fast at first, then slowly.
    """

    start: NotNegative = 1.0
    """Epochs before the first weights are pruned."""
    end: PositiveFloat | None = None
    """Epochs after which the sparsity is reached; half of all epochs by default."""
    every: Positive = 20
    """Steps between updates."""

    def end_in(self, epochs: int) -> float:
        """Return the epoch in which pruning ends, of a training of some epochs."""
        return epochs / 2 if self.end is None else self.end

    def problems(self, epochs: int, averaged: int) -> Iterator[str]:
        """Yield what makes no sense in a training whose last `averaged` epochs are averaged."""
        yield from _order_problems("pruning", (self.start, self.end_in(epochs)), epochs, averaged)


class ThresholdPruning(Settings):
    """Gradual pruning by a threshold that rises (Narang et al., 2017, algorithm 1).

    Weights whose magnitude is below the threshold become zero. Its slopes follow from `percentile`
    of a trained reference model's magnitudes: q in equation 1. Recurrent and other matrices have a
    q and so a threshold each.
    """

    reference: Name
    """One of `systems`: its stage 1 is trained first, and gives q."""
    percentile: Annotated[float, Field(gt=0, lt=100)] = 90.0
    """q is the magnitude below which these per cent of the reference's weights lie."""
    start: NotNegative = 1.0
    """Epochs before the first weights are pruned (start_itr); the paper has 1."""
    ramp: PositiveFloat | None = None
    """Epochs after which the threshold rises faster (ramp_itr); a quarter by default."""
    end: PositiveFloat | None = None
    """Epochs after which nothing more is pruned (end_itr); half of all epochs by default."""
    every: Positive = 20
    """Steps between updates (freq); the paper has 100, of longer epochs."""
    slope_ratio: Annotated[float, Field(ge=1)] = 1.5
    """The second slope divided by the first (phi / theta); the paper has 1.5 to 2."""
    block: Block = (1, 1)
    """Rows and columns of blocks, whose largest magnitude counts (Narang et al., 2017b)."""

    def positions_in(self, epochs: int) -> tuple[float, float, float]:
        """Return the epochs in which pruning starts, becomes faster, and ends."""
        ramp = epochs / 4 if self.ramp is None else self.ramp
        return self.start, ramp, epochs / 2 if self.end is None else self.end

    def problems(self, epochs: int, averaged: int) -> Iterator[str]:
        """Yield what makes no sense in a training whose last `averaged` epochs are averaged."""
        places = self.positions_in(epochs)
        yield from _order_problems("threshold_pruning", places, epochs, averaged)


def _order_problems(
    name: str, places: tuple[float, ...], epochs: int, averaged: int
) -> Iterator[str]:
    """Yield what is wrong with positions in epochs that must rise and leave room at the end."""
    said = ", ".join(f"{place:g}" for place in places)
    last = epochs - averaged
    if any(later <= earlier for earlier, later in pairwise(places)):
        yield f"{name} goes through epochs {said}, which must rise: set start and end"
    elif places[-1] > last:
        why = f" before the last {averaged}, which are averaged" if averaged else ""
        yield f"{name} ends in epoch {places[-1]:g} of {epochs}: end it by epoch {last}{why}"


class Lasso(Settings):
    """The penalty L1 on large matrices, or group lasso on blocks of them.

    The loss is CTC summed over an utterance, averaged over the batch. A `prune` step after the
    training cuts what the penalty made small.
    """

    lambda_rec: NotNegative = 0.0
    """Strength on recurrent matrices."""
    lambda_nonrec: NotNegative = 0.0
    """Strength on the other large matrices."""
    block: Block = (1, 1)
    """Rows and columns of blocks: adds lambda sqrt(entries) ‖block‖ for each; (1, 1) is L1."""


class UnitLasso(Settings):
    """Group lasso over whole units of recurrent and fully connected layers (Wen et al., 2018).

    The loss is CTC summed over an utterance, averaged over the batch. A `remove_units` step after
    the training removes the units that the penalty made small.
    """

    lambda_units: NotNegative = 0.0
    """Adds lambda sqrt(entries) ‖W_u‖ for each unit u, over all of its rows and columns."""


def plain_target(settings: SparsityTarget) -> dict[str, Any]:
    """Return what a result depends on, as JSON: nothing that stands at its default."""
    return settings.model_dump(mode="json", exclude_defaults=True)
