"""The weights of a language model, relative to the acoustic model."""

from dataclasses import dataclass
from pathlib import Path

from schatten import artifacts


@dataclass(frozen=True)
class Weights:
    """Weights of the language model relative to the acoustic model, in natural logs."""

    lm_weight: float
    word_bonus: float


def read_weights(path: Path) -> Weights:
    """Read the weights that tuning wrote; another file is a `UserError`."""
    found = artifacts.Weights.read_tuned(path)
    return Weights(found.lm_weight, found.word_bonus)
