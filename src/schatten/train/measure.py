"""What an epoch's record says of a model's matrices."""

from typing import Any

from schatten.compress import nu, rank_for_variance, singular_values
from schatten.models import AcousticModel


def matrix_measures(model: AcousticModel) -> dict[str, Any]:
    """Return nu and the rank for 90 % of the variance of each weight (T, 3.1)."""
    measures = {}
    for name, weight in model.bank.items():
        values = singular_values(weight())
        measures[name] = {"nu": round(nu(values), 6), "rank90": rank_for_variance(values, 0.9)}
    return {"matrices": measures}


def stored_parameters(model: AcousticModel) -> dict[str, Any]:
    """Return shape, rank and parameters of each weight."""
    return {
        name: {"shape": list(weight.shape), "rank": rank, "count": weight.parameters_stored}
        for (name, weight), rank in zip(model.bank.items(), model.ranks, strict=True)
    }
