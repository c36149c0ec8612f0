"""Folded weights that fp32 cannot hold are refused, before a file is written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from schatten.errors import UserError
from schatten.export.frontend import Frontend
from schatten.export.layers import Layer

Values = npt.NDArray[np.generic]


def require_numbers(layers: list[Layer], features: Frontend, model: Path) -> None:
    """Refuse a tensor with a value that is not a finite number in fp32.

    Finite weights of `model` (a model.pt) can give one: through a statistic of zero or below, or
    by overflow. Errors: `UserError` with the tensor's name in the exported file.
    """
    for name, values in _tensors(layers, features):
        with np.errstate(over="ignore"):
            whole = np.isfinite(values.astype(np.float32)).all()
        if not whole:
            raise UserError(
                f"{model} gives values that are not finite numbers in the exported tensor {name}: "
                "a statistic is zero or a weight far too large, so train the model again"
            )


def _tensors(
    layers: list[Layer], features: Frontend
) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    yield from features.tensors.items()
    for index, layer in enumerate(layers):
        for name, values in (layer.matrices | layer.vectors).items():
            yield f"layer.{index}.{name}", values
