"""The weights of a language model: how much it counts beside the acoustic model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.runtime.files import read_json


@dataclass(frozen=True)
class Weights:
    """What the language model counts against the acoustic model, in natural logs."""

    lm_weight: float
    word_bonus: float


def read_weights(path: Path) -> Weights:
    """Read the weights that tuning wrote; a `UserError` where it is another file."""
    value: Any = read_json(path)
    try:
        return Weights(float(value["lm_weight"]), float(value["word_bonus"]))
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path} holds no lm_weight and word_bonus: tune again") from None
