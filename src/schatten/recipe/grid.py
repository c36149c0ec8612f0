"""The recipe's `grids`: systems over values of lambda, and how many of them continue.

A point of a grid is an ordinary system; this module names it. All points go through stage 1. Only
the best ones on dev go through the rest of the chain.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Literal

from pydantic import Field, model_validator

from schatten.recipe.base import Name, NotNegative, Positive, Seeds, Settings
from schatten.recipe.ranks import Ranks
from schatten.recipe.systems import CHARACTERS, System
from schatten.recipe.techniques import Penalty
from schatten.recipe.training import Stage2


class Strengths(Settings):
    """Values of lambda. Each pair of values is a point of the grid."""

    lambda_rec: tuple[NotNegative, ...] = Field(min_length=1)
    """Values of lambda for recurrent matrices."""
    lambda_nonrec: tuple[NotNegative, ...] = Field(min_length=1)
    """Values of lambda for the other large matrices."""

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """(lambda_rec, lambda_nonrec) of each point."""
        return list(product(self.lambda_rec, self.lambda_nonrec))


class Best(Settings):
    """How the best points of each penalty continue: those with the lowest error rate on dev."""

    count: Positive = 3
    """Number of points that continue, of each penalty (3 in the trace norm paper, Kliegl et al.,
    2018, section 3.2.2)."""
    seeds: Seeds = (1, 2, 3)
    """Seeds of these points; they must include the seeds of the grid."""
    ranks: Ranks = ()
    """Rank rules for their truncation. Each rule gives a row of the table."""
    stage2: Stage2 | None = None
    """Training after truncation."""

    @model_validator(mode="after")
    def _ranks_have_a_stage2(self) -> "Best":
        if self.ranks and self.stage2 is None:
            raise ValueError("ranks are given but no stage2: say how it is trained, e.g. epochs")
        return self


class Grid(Settings):
    """A grid over lambda: systems that differ only in the penalty and its strengths.

    Each point goes through stage 1 and is decoded greedily on dev. Only the best points continue,
    and only they are evaluated on test.
    """

    model: Name
    """One of `models`."""
    units: Name = CHARACTERS
    """Output units: `characters`, or one of `units`."""
    penalties: dict[Literal["l2", "trace_norm"], Strengths] = Field(min_length=1)
    """Values of lambda for each penalty. All penalties must have the same number of points."""
    factorization: Literal["partial", "split", "joint"] = "partial"
    """Which matrices are factored together: see `System`."""
    seeds: Seeds = (1,)
    """Each seed gives one training of each point. Points are compared by their mean CER."""
    training: Name = "default"
    """One of `trainings`."""
    best: Best = Best()
    """How many points continue after stage 1, and how."""

    @model_validator(mode="after")
    def _fair_and_whole(self) -> "Grid":
        counts = {name: len(set(values.pairs)) for name, values in self.penalties.items()}
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise ValueError(f"penalties get the same search effort, but there are points: {said}")
        if missing := set(self.seeds) - set(self.best.seeds):
            raise ValueError(f"best.seeds lacks {sorted(missing)} of the grid's own seeds")
        return self

    def systems(self, name: str) -> Iterator[tuple[str, System]]:
        """Yield the points of the grid called `name`: the name and the settings of each system."""
        for penalty, values in self.penalties.items():
            for rec, nonrec in dict.fromkeys(values.pairs):
                point = f"{name}_{penalty}_rec{plain(rec)}_nonrec{plain(nonrec)}"
                yield (
                    point,
                    self._system(Penalty(type=penalty, lambda_rec=rec, lambda_nonrec=nonrec)),
                )

    def _system(self, penalty: Penalty) -> System:
        return System(
            model=self.model,
            units=self.units,
            penalty=penalty,
            factorization=self.factorization,
            ranks=self.best.ranks,
            stage2=self.best.stage2,
            seeds=self.best.seeds,
            training=self.training,
        )


def plain(number: float) -> str:
    """Return a number as text for a path: no exponent, no trailing zeros (0.00001, 0.5, 3)."""
    digits = format(Decimal(repr(number)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
