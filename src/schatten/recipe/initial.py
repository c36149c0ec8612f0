"""Settings of a step `train` that starts from trained weights, and may freeze layers."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from schatten.errors import UserError
from schatten.recipe.base import Positive, Settings
from schatten.recipe.models import DeepSpeech2, Lstm

ENGINE_MODEL = "model.gguf"
"""File name of the model in a bundle."""
MISSING = "missing"
"""Stands for the checksum of a model that does not exist."""


class Frozen(Settings):
    """Layers whose weights do not change in the first epochs of a training."""

    layers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of layers, such as `convolution0`, `gru0`, `fully_connected`, `lstm0`, `output`."""
    epochs: Positive
    """Number of these epochs. After them the layers are trained like the others."""


def file_of(initial: Path) -> Path:
    """Return the file of a model that a training starts from; for a bundle, its model's file."""
    return initial / ENGINE_MODEL if initial.is_dir() else initial


def sha256_of(initial: Path) -> str:
    """Return the SHA-256 of the model that a training starts from.

    If the model changes, the training runs again. If the file is missing, return `MISSING`, so that
    a recipe can be read before the model is made.
    """
    path = file_of(initial)
    if not path.is_file():
        return MISSING
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require(initial: Path, system: str) -> None:
    """Check that the model that a system starts from exists.

    Errors: `UserError` if it does not.
    """
    if not (path := file_of(initial)).is_file():
        raise UserError(
            f"systems.{system}: initial: {path} does not exist: run the recipe that trains it "
            "first, or correct it"
        )


def layers_of(model: DeepSpeech2 | Lstm) -> tuple[str, ...]:
    """Return the names of a model's layers, from the features to the output."""
    if isinstance(model, Lstm):
        return (*(f"lstm{index}" for index in range(len(model.lstm))), "output")
    return (
        *(f"convolution{index}" for index in range(len(model.convolutions))),
        *(f"gru{index}" for index in range(len(model.gru))),
        "fully_connected",
        "output",
    )


def problems(
    initial: Path | None, frozen: Frozen | None, model: DeepSpeech2 | Lstm, *, is_first: bool
) -> Iterator[str]:
    """Yield the reasons why a training cannot start from a model, or freeze layers of it."""
    if initial is not None and not is_first:
        yield "initial gives a model its first weights: put it into the first `train`"
    if frozen is None:
        return
    if is_first and initial is None:
        yield "frozen layers need trained weights: give `initial`, the model to begin with"
    known = layers_of(model)
    for name in frozen.layers:
        if name not in known:
            yield f"frozen.layers: there is no layer {name!r}; there are {', '.join(known)}"
