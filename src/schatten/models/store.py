"""Building an acoustic model, and its file `model.pt`: writing and reading it."""

import math
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from schatten.errors import UserError
from schatten.models.acoustic import AUXILIARY, AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.lstm import LstmModel
from schatten.models.quantized import bits_of, quantized_model
from schatten.recipe.models import DeepSpeech2, Lstm, Model
from schatten.runtime.files import atomic_output
from schatten.units import Units

_DEVIATION = "bins_deviation"


def build(
    settings: DeepSpeech2 | Lstm, units: Units, factorization: str, bits: int | None = None
) -> AcousticModel:
    """Build a model with dense weights, initialised from torch's random state.

    `bits`: of the weights of quantised passes.
    """
    if bits is not None:
        return quantized_model(settings, units, factorization, bits)
    if isinstance(settings, DeepSpeech2):
        return DeepSpeech2Model(settings, units, factorization)
    return LstmModel(settings, units, factorization)


def save(model: AcousticModel, path: Path) -> None:
    """Write a model, atomically.

    Errors: `UserError` if a weight or a statistic is not a finite number.
    """
    state = model.state_dict()
    for name in [name for name in state if name.startswith(f"{AUXILIARY}.")]:
        del state[name]
    _require_numbers(state, path)
    content = {
        "settings": model.settings.model_dump(mode="json"),
        "units": model.units.stored(),
        "factorization": model.bank.factorization,
        "ranks": model.bank.specs,
        "apply_below": model.bank.apply_below,
        "apply_recurrent_below": model.bank.apply_recurrent_below,
        "state": state,
    }
    if (bits := bits_of(model)) is not None:
        content["bits"] = bits
    with atomic_output(path) as beside, beside.open("wb") as file:
        torch.save(content, file)  # given a path, torch would write its name into the file


def load(path: Path) -> AcousticModel:
    """Read a model written by `save`.

    Errors: `UserError` for a file that is missing or damaged, or holds values that are not numbers.
    """
    content = read(path)
    _require_numbers(content["state"], path)
    settings: Any = TypeAdapter(Model).validate_python(content["settings"])
    try:
        units = Units.from_stored(content["units"])
        model = build(settings, units, content["factorization"], content.get("bits"))
        model.bank.reserve(content["ranks"])
    except ValueError as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    model.bank.apply_below = content.get("apply_below", 0.0)
    model.bank.apply_recurrent_below = content.get("apply_recurrent_below", 0.0)
    model.load_state_dict(content["state"])
    return model.eval()


def read(path: Path) -> dict[str, Any]:
    """Return the content of a model file, tensors and plain values only.

    Errors: `UserError` for a file that is missing, damaged or no model.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist: train the model first")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path} is no whole model file ({reason}): remove it and train again"
        ) from None
    if not isinstance(content, dict) or "state" not in content:
        raise UserError(f"{path} is no schatten model: give a model.pt made by `schatten train`")
    return content


def _require_numbers(state: dict[str, torch.Tensor], path: Path) -> None:
    """Refuse tensors with NaN or infinity, by name: a model with one decodes to nothing."""
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            continue
        # An infinite deviation takes a bin out: those above `highest_frequency`.
        bad = tensor.isnan() | tensor.eq(-math.inf) if name == _DEVIATION else ~tensor.isfinite()
        if bool(bad.any()):
            raise UserError(
                f"{path}: tensor {name} holds values that are not finite numbers, so its training "
                "went wrong: train it again, with a lower learning rate"
            )
