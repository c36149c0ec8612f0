"""Shapes, ranks and parameters of a model's weights, for its history."""

from typing import Any

from schatten.compress.sparsity import int8_bytes, parts_of
from schatten.models import AcousticModel


def stored_parameters(model: AcousticModel) -> dict[str, Any]:
    """Return shape, rank and parameters of each weight; of a sparse one its zeros and bytes too."""
    found: dict[str, Any] = {}
    for (name, weight), rank in zip(model.bank.items(), model.ranks, strict=True):
        found[name] = {
            "shape": list(weight.shape),
            "rank": rank,
            "count": weight.parameters_stored,
        }
        if weight.masks:
            whole = sum(mask.numel() for mask in weight.masks.values())
            found[name] |= {
                "zeros": round(1 - weight.parameters_stored / whole, 6),
                "int8_bytes": int8_bytes(parts_of(name, weight, model.bank)),
            }
    return found
