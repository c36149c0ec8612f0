"""The weights of a language model: how much it counts beside the acoustic model."""

from dataclasses import dataclass
from pathlib import Path

from schatten import artifacts


@dataclass(frozen=True)
class Weights:
    """What the language model counts against the acoustic model, in natural logs."""

    lm_weight: float
    word_bonus: float


def read_weights(path: Path) -> Weights:
    """Read the weights that tuning wrote; a `UserError` where it is another file."""
    found = artifacts.Weights.read_tuned(path)
    return Weights(found.lm_weight, found.word_bonus)
