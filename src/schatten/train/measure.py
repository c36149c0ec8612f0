"""Shapes, ranks and parameters of a model's weights, for its history."""

from typing import Any

from schatten.models import AcousticModel


def stored_parameters(model: AcousticModel) -> dict[str, Any]:
    """Return shape, rank and parameters of each weight."""
    return {
        name: {"shape": list(weight.shape), "rank": rank, "count": weight.parameters_stored}
        for (name, weight), rank in zip(model.bank.items(), model.ranks, strict=True)
    }
