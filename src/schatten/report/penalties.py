"""The columns that say how strongly the matrices of a row's model were penalised."""

from collections.abc import Callable
from typing import TypeVar

from schatten.recipe.techniques import Penalty
from schatten.report.columns import Column

R = TypeVar("R")


def strengths(penalty_of: Callable[[R], Penalty | None]) -> tuple[Column[R], Column[R]]:
    """Return columns of both lambdas; empty where there is no penalty."""

    def column(header: str, key: str) -> Column[R]:
        def values(row: R) -> tuple[float | None]:
            penalty = penalty_of(row)
            none = penalty is None or penalty.type == "none"
            return (None if none else getattr(penalty, key),)

        return Column(header, (key,), values, lambda v: f"{v[0]:g}", digits=10, over_seeds="same")

    return column("λ rec", "lambda_rec"), column("λ nonrec", "lambda_nonrec")
