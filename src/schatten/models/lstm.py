"""The LSTM CTC model of P (Prabhavalkar et al., 2016): stacked frames, LSTMs, output."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from schatten.compress.bank import Factorization, Matrix, WeightBank
from schatten.models.acoustic import AcousticModel, orthogonal_gates, xavier
from schatten.models.layers import MaskedBatchNorm, frame_mask, run_lstm
from schatten.recipe.model import FEATURE_BINS, Lstm


class LstmModel(AcousticModel):
    """LSTMs over stacked feature frames.

    Matrices of the bank: `lstm{i}.nonrec` (4H, C), `lstm{i}.rec` (4H, H).
    """

    settings: Lstm

    def __init__(self, settings: Lstm, units: list[str], factorization: str) -> None:
        """Build with dense weights, initialised from torch's random state."""
        super().__init__(settings, units)
        widths = [settings.stack * FEATURE_BINS[settings.feature], *settings.lstm]
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for width in widths[:-1])
        self.biases = nn.ParameterList(_forget_bias(hidden) for hidden in settings.lstm)
        self.output = nn.Linear(widths[-1], len(units))
        self.bank = WeightBank(_matrices(widths), cast(Factorization, factorization))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the output frames (N,) that come of `lengths` feature frames."""
        return (lengths - 1).div(self.settings.keep_every, rounding_mode="floor") + 1

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""
        mask = frame_mask(lengths, features.shape[1])
        x = stack_frames(
            self.normalise(features) * mask[:, :, None],
            self.settings.stack,
            self.settings.keep_every,
        )
        lengths = self.output_lengths(lengths)
        mask = frame_mask(lengths, x.shape[1])
        matrices = self.bank.form()
        for index, bias in enumerate(self.biases):
            x = self.norms[index](x, mask)
            x = functional.dropout(x, self.settings.dropout, self.training)
            x = run_lstm(x, matrices[f"lstm{index}.nonrec"], matrices[f"lstm{index}.rec"], bias)
        return self.output(x).log_softmax(-1), lengths

    def parameters_at_inference(self) -> int:
        """Count the numbers stored at inference: BatchNorm folded, factors as factors."""
        count = sum(weight.parameters_stored for _, weight in self.bank.items())
        count += sum(bias.numel() for bias in self.biases)
        return count + sum(parameter.numel() for parameter in self.output.parameters())


def stack_frames(features: Tensor, stack: int, keep_every: int) -> Tensor:
    """Stack each frame with the `stack` - 1 after it (zeros past the end): (N, T', stack * C).

    One of `keep_every` stacked frames is kept; padding of the input must be zero.
    """
    padded = functional.pad(features, (0, 0, 0, stack - 1))
    windows = padded.unfold(1, stack, keep_every)
    return windows.transpose(2, 3).flatten(2)


def _forget_bias(hidden: int) -> Tensor:
    """Return an initial bias (4H,): one for the forget gate, else zero."""
    bias = torch.zeros(4 * hidden)
    bias[hidden : 2 * hidden] = 1.0
    return bias


def _matrices(widths: list[int]) -> list[Matrix]:
    """Return the large matrices; `widths`: input, then each LSTM."""
    matrices = []
    for index, hidden in enumerate(widths[1:]):
        name = f"lstm{index}"
        value = xavier(hidden, widths[index], 4)
        matrices.append(Matrix(f"{name}.nonrec", value, f"h{index}", gates=4))
        value = orthogonal_gates(hidden, 4)
        matrices.append(Matrix(f"{name}.rec", value, f"h{index + 1}", recurrent=True, gates=4))
    return matrices
