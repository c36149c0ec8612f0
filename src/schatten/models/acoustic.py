"""The base class of acoustic models."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from schatten.compress import WeightBank
from schatten.models.bands import highest_frequencies
from schatten.recipe.models import FEATURE_BINS, DeepSpeech2, Lstm
from schatten.units import Units

Observer = Callable[[str, Tensor], None]
"""Called with the name of a matrix of the bank and the inputs (frames, n) that it multiplies."""

AUXILIARY = "auxiliary"
"""Name of a module that a model has in training alone: its file leaves it out."""


class AcousticModel(nn.Module, ABC):
    """Features (N, T, C) and lengths (N,) to log-probabilities (N, T', V) and their lengths.

    N utterances, T feature frames, C bins, T' output frames, V units. `bank` holds the large
    matrices. Unit 0 is CTC's blank. Features are normalised here, with the statistics of the
    training split, which are stored in the model.
    """

    bank: WeightBank
    bins_mean: Tensor
    bins_deviation: Tensor

    def __init__(self, settings: DeepSpeech2 | Lstm, units: Units) -> None:
        """Take the shape from `settings`; `units` are the outputs."""
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

    def show(self, matrix: str, x: Tensor, mask: Tensor | None = None) -> None:
        """Show the observer, if any, the inputs of a matrix: x (M, n), or (N, T, n) on `mask`.

        A recurrent matrix is shown its layer's states; its first input, zero, adds nothing.
        """
        if self.observer is not None:
            self.observer(matrix, x if mask is None else x[mask])

    @abstractmethod
    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the number of output frames (N,) for `lengths` feature frames (N,)."""

    @abstractmethod
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""

    @property
    def ranks(self) -> list[int | None]:
        """The rank of each weight of the bank; None if it is not factored."""
        return [weight.rank for _, weight in self.bank.items()]

    @abstractmethod
    def parameters_at_inference(self) -> int:
        """Count the numbers stored at inference: BatchNorm folded, factors as factors."""


def orthogonal_gates(hidden: int, gates: int) -> Tensor:
    """Return an initial recurrent matrix (gates * H, H): an orthogonal matrix for each gate."""
    return torch.cat([nn.init.orthogonal_(torch.empty(hidden, hidden)) for _ in range(gates)])


def xavier(rows: int, columns: int, gates: int = 1) -> Tensor:
    """Return an initial matrix (gates * rows, columns), each gate Xavier-uniform."""
    parts = [nn.init.xavier_uniform_(torch.empty(rows, columns)) for _ in range(gates)]
    return torch.cat(parts)
