"""What every acoustic model has in common; building, saving and loading one."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from schatten.compress import WeightBank
from schatten.errors import UserError
from schatten.models.bands import highest_frequencies
from schatten.recipe.model import FEATURE_BINS, DeepSpeech2, Lstm, Model
from schatten.runtime.files import atomic_output

BLANK = "<blank>"
Observer = Callable[[str, Tensor], None]
"""Is shown what a matrix of the bank multiplies: its name, and its inputs (frames, n)."""


class AcousticModel(nn.Module, ABC):
    """Features (N, T, C) and lengths (N,) to log-probabilities (N, T', V) and their lengths.

    `bank` holds the large matrices. Unit 0 is CTC's blank. Features are normalised here, with
    the training statistics that travel in the model.
    """

    bank: WeightBank
    bins_mean: Tensor
    bins_deviation: Tensor

    def __init__(self, settings: DeepSpeech2 | Lstm, units: list[str]) -> None:
        """Take the shape from `settings`; `units` are the outputs, the blank first."""
        super().__init__()
        self.settings = settings
        self.units = units
        self.observer: Observer | None = None
        bins = FEATURE_BINS[settings.feature]
        self.register_buffer("bins_mean", torch.zeros(bins))
        self.register_buffer("bins_deviation", torch.ones(bins))

    def set_statistics(self, mean: Tensor, deviation: Tensor) -> None:
        """Set mean and standard deviation (C,) of the features' bins over the training split.

        A bin above the model's highest frequency gets an infinite one, so that it is always zero.
        """
        self.bins_mean.copy_(mean)
        self.bins_deviation.copy_(deviation)
        if self.settings.highest_frequency is not None:
            above = highest_frequencies(self.settings.feature) > self.settings.highest_frequency
            self.bins_deviation[above] = torch.inf

    def normalise(self, features: Tensor) -> Tensor:
        """Normalise features (N, T, C) per bin."""
        return (features - self.bins_mean) / self.bins_deviation

    def show(self, matrix: str, x: Tensor, mask: Tensor) -> None:
        """Show the observer, where there is one, what a matrix multiplies: x (N, T, n) on `mask`.

        A recurrent matrix is shown its layer's states; its first input, zero, adds nothing.
        """
        if self.observer is not None:
            self.observer(matrix, x[mask])

    @abstractmethod
    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the output frames (N,) that come of `lengths` feature frames."""

    @abstractmethod
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""

    @property
    def ranks(self) -> list[int | None]:
        """The rank that each weight of the bank was given; none where it is whole."""
        return [weight.rank for _, weight in self.bank.items()]

    @abstractmethod
    def parameters_at_inference(self) -> int:
        """Count the numbers stored at inference: BatchNorm folded, factors as factors."""


def build(settings: DeepSpeech2 | Lstm, units: list[str], factorization: str) -> AcousticModel:
    """Build a model with dense weights, initialised from torch's random state."""
    from schatten.models.deep_speech_2 import DeepSpeech2Model
    from schatten.models.lstm import LstmModel

    if isinstance(settings, DeepSpeech2):
        return DeepSpeech2Model(settings, units, factorization)
    return LstmModel(settings, units, factorization)


def units_of(alphabet: str) -> list[str]:
    """Return the outputs of a character model: blank, space, then the alphabet."""
    return [BLANK, " ", *alphabet]


def save(model: AcousticModel, path: Path) -> None:
    """Write a model, atomically."""
    content = {
        "settings": model.settings.model_dump(mode="json"),
        "units": model.units,
        "factorization": model.bank.factorization,
        "ranks": model.bank.ranks,
        "apply_below": model.bank.apply_below,
        "apply_recurrent_below": model.bank.apply_recurrent_below,
        "state": model.state_dict(),
    }
    with atomic_output(path) as beside, beside.open("wb") as file:
        torch.save(content, file)  # given a path, torch would write its name into the file


def load(path: Path) -> AcousticModel:
    """Read a model written by `save`; a missing or damaged file is a `UserError`."""
    content = read(path)
    settings: Any = TypeAdapter(Model).validate_python(content["settings"])
    model = build(settings, content["units"], content["factorization"])
    model.bank.reserve_ranks(content["ranks"])
    model.bank.apply_below = content.get("apply_below", 0.0)
    model.bank.apply_recurrent_below = content.get("apply_recurrent_below", 0.0)
    model.load_state_dict(content["state"])
    return model.eval()


def read(path: Path) -> dict[str, Any]:
    """Read the content of a model file, tensors and plain values only."""
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


def orthogonal_gates(hidden: int, gates: int) -> Tensor:
    """Return an initial recurrent matrix (gates * H, H): an orthogonal matrix for each gate."""
    return torch.cat([nn.init.orthogonal_(torch.empty(hidden, hidden)) for _ in range(gates)])


def xavier(rows: int, columns: int, gates: int = 1) -> Tensor:
    """Return an initial matrix (gates * rows, columns), each gate Xavier-uniform."""
    parts = [nn.init.xavier_uniform_(torch.empty(rows, columns)) for _ in range(gates)]
    return torch.cat(parts)
