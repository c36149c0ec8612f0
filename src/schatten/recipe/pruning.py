"""Settings of pruning: how sparse matrices become, in which blocks, and when."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from schatten.recipe.base import Name, NotNegative, Positive, PositiveFloat, Settings
from schatten.recipe.ranks import digits

Block = tuple[Positive, Positive]
"""Rows and columns of a block, whose entries are either all kept or all zero."""
_TARGETS = ("sparsity", "nonzeros", "bytes")


def _not_all(share: float) -> float:
    if share >= 1:
        raise ValueError("a sparsity of 1 keeps nothing: give the share of zeros, below 1")
    return share


Sparsity = Annotated[float, Field(gt=0), AfterValidator(_not_all)]


class SparsityTarget(Settings):
    """How sparse the large matrices become. Give exactly one of `sparsity`, `nonzeros`, `bytes`."""

    sparsity: Sparsity | None = None
    """Share of the weights of the large matrices that become zero."""
    nonzeros: Positive | None = None
    """Number of weights of the large matrices that are kept."""
    bytes: Positive | None = None
    """Size of the large matrices in int8, in bytes. It counts the weights that are kept, an index
    with one bit for each block, and a scale of 4 bytes for each row."""
    block: Block = (1, 1)
    """Rows and columns of a block. The weights of a block are either all kept or all zero."""
    allocation: Literal["uniform", "global"] = "uniform"
    """`uniform`: every matrix has the same sparsity. `global`: the blocks of all matrices compete.
    A block counts by its share of what is left of its matrix (Lee et al., 2021)."""

    @model_validator(mode="after")
    def _one_target(self) -> "SparsityTarget":
        given = [name for name in _TARGETS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(_TARGETS)}: how sparse the matrices become")
        return self

    @property
    def target_label(self) -> str:
        """Target, block and allocation as in paths: `sparse0.75b16x4`."""
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

    Weights of the large matrices become zero during the training: quickly at first, then slowly.
    """

    start: NotNegative = 1.0
    """Epochs before the first weights are pruned."""
    end: PositiveFloat | None = None
    """Epochs until the sparsity is reached; by default half of all epochs."""
    every: Positive = 20
    """Training steps between updates of the zeros."""

    def end_in(self, epochs: int) -> float:
        """Return the epoch in which pruning ends, for a training with this number of epochs."""
        return epochs / 2 if self.end is None else self.end

    def problems(self, epochs: int, averaged: int) -> Iterator[str]:
        """Yield what makes no sense in a training whose last `averaged` epochs are averaged."""
        yield from _order_problems("pruning", (self.start, self.end_in(epochs)), epochs, averaged)


class ThresholdPruning(Settings):
    """Gradual pruning by a rising threshold (Narang et al., 2017, algorithm 1).

    Weights with a magnitude below the threshold become zero. Its slopes follow from q in equation
    1: a percentile of the magnitudes in a trained reference model. Recurrent matrices have one q
    and one threshold, and all other matrices have another.
    """

    reference: Name
    """The reference model: one of `systems`. Its stage 1 is trained first and gives q."""
    percentile: Annotated[float, Field(gt=0, lt=100)] = 90.0
    """Percentage of the reference's weights whose magnitude is below q."""
    start: NotNegative = 1.0
    """Epochs before the first weights are pruned (start_itr); the paper uses 1."""
    ramp: PositiveFloat | None = None
    """Epochs until the threshold rises faster (ramp_itr); by default a quarter of all epochs."""
    end: PositiveFloat | None = None
    """Epochs until pruning ends (end_itr); by default half of all epochs."""
    every: Positive = 20
    """Training steps between updates (freq). The paper uses 100, with longer epochs."""
    slope_ratio: Annotated[float, Field(ge=1)] = 1.5
    """The second slope divided by the first (phi / theta). The paper uses 1.5 to 2."""
    block: Block = (1, 1)
    """Rows and columns of a block. A block is pruned by its largest magnitude (Narang et al.,
    2017b)."""

    def positions_in(self, epochs: int) -> tuple[float, float, float]:
        """Return the epochs at which pruning starts, becomes faster, and ends."""
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
    """An L1 penalty on the large matrices, or group lasso on their blocks.

    The CTC loss is summed over an utterance and averaged over the batch. A `prune` step after the
    training removes what the penalty made small.
    """

    lambda_rec: NotNegative = 0.0
    """Strength for recurrent matrices."""
    lambda_nonrec: NotNegative = 0.0
    """Strength for the other large matrices."""
    block: Block = (1, 1)
    """Rows and columns of a block. Each block adds lambda sqrt(entries) ‖block‖ to the loss;
    (1, 1) is L1."""


class UnitLasso(Settings):
    """Group lasso over whole units of recurrent and fully connected layers (Wen et al., 2018).

    The CTC loss is summed over an utterance and averaged over the batch. A `remove_units` step
    after the training removes the units that the penalty made small.
    """

    lambda_units: NotNegative = 0.0
    """Strength lambda. Each unit u adds lambda sqrt(entries) ‖W_u‖ to the loss, over all of its
    rows and columns."""


def plain_target(settings: SparsityTarget) -> dict[str, Any]:
    """Return the settings that a result depends on, as JSON, without those at their defaults."""
    return settings.model_dump(mode="json", exclude_defaults=True)
