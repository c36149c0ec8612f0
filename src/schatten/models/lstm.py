"""The LSTM CTC model of Prabhavalkar et al. (2016): stacked frames, LSTMs, output."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from schatten.compress.bank import Factorization, Matrix, WeightBank
from schatten.models.acoustic import AcousticModel, orthogonal_gates, xavier
from schatten.models.layers import (
    MaskedBatchNorm,
    apply_right_factor,
    run_lstm,
    run_projected_lstm,
)
from schatten.models.packing import frame_mask
from schatten.recipe.models import FEATURE_BINS, Lstm
from schatten.units import Units


class LstmModel(AcousticModel):
    """LSTMs over stacked feature frames; with projections, the output of each is P h, not h.

    Matrices of the bank: `lstm{i}.nonrec` (4H, C), `lstm{i}.rec` (4H, H), or (4H, r) with a
    projection `lstm{i}.proj` (r, H). BatchNorm acts on each layer's input, with projections on
    the features alone.
    """

    settings: Lstm

    def __init__(self, settings: Lstm, units: Units, factorization: str) -> None:
        """Build with dense weights, initialised from torch's random state."""
        super().__init__(settings, units)
        inputs = settings.stack * FEATURE_BINS[settings.feature]
        widths = [inputs, *(settings.projection or settings.lstm)]
        normed = widths[:1] if settings.projection else widths[:-1]
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for width in normed)
        self.biases = nn.ParameterList(_forget_bias(hidden) for hidden in settings.lstm)
        self.output = nn.Linear(widths[-1], len(units))
        matrices = _matrices(widths, settings.lstm, bool(settings.projection))
        self.bank = WeightBank(matrices, cast(Factorization, factorization))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the number of output frames (N,) for `lengths` feature frames (N,)."""
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
        rights = self.bank.right_factors()
        matrices = self.bank.form(rights)
        for index in range(len(self.settings.lstm)):
            if index < len(self.norms):
                x = self.norms[index](x, mask)
            x = functional.dropout(x, self.settings.dropout, self.training)
            self.show(f"lstm{index}.nonrec", x, mask)
            x = apply_right_factor(x, rights.get(f"lstm{index}.nonrec"))
            x = self._run(index, x, matrices)
            self.show(f"lstm{index}.rec", x, mask)
        return self.output(x).log_softmax(-1), lengths

    def _run(self, index: int, x: Tensor, matrices: dict[str, Tensor]) -> Tensor:
        name, bias = f"lstm{index}", self.biases[index]
        nonrec, rec = matrices[f"{name}.nonrec"], matrices[f"{name}.rec"]
        if self.settings.projection:
            return run_projected_lstm(x, nonrec, rec, matrices[f"{name}.proj"], bias)
        return run_lstm(x, nonrec, rec, bias)

    @property
    def ranks(self) -> list[int | None]:
        """The rank of each weight; if a projection is a factor of it, the projection's width."""
        widths = self.settings.projection
        if not widths:
            return super().ranks
        return [
            rank
            for below, width in zip((None, *widths), widths, strict=False)
            for rank in (below, width, width)
        ]

    def parameters_at_inference(self) -> int:
        """Count the numbers stored at inference: BatchNorm folded, factors as factors."""
        count = self.bank.parameters_stored
        count += sum(bias.numel() for bias in self.biases)
        return count + sum(parameter.numel() for parameter in self.output.parameters())


def stack_frames(features: Tensor, stack: int, keep_every: int) -> Tensor:
    """Stack each frame with the `stack` - 1 after it (zeros past the end): (N, T', stack * C).

    Every `keep_every`-th stacked frame is kept. Padding of the input must be zero.
    """
    padded = functional.pad(features, (0, 0, 0, stack - 1))
    windows = padded.unfold(1, stack, keep_every)
    return windows.transpose(2, 3).flatten(2)


def _forget_bias(hidden: int) -> Tensor:
    """Return an initial bias (4H,): one for the forget gate, else zero."""
    bias = torch.zeros(4 * hidden)
    bias[hidden : 2 * hidden] = 1.0
    return bias


def _matrices(widths: list[int], cells: tuple[int, ...], projected: bool) -> list[Matrix]:
    """Return the large matrices; `widths`: of the input, then of each LSTM's output."""
    matrices = []
    for index, hidden in enumerate(cells):
        name, width = f"lstm{index}", widths[index + 1]
        value = xavier(hidden, widths[index], 4)
        matrices.append(Matrix(f"{name}.nonrec", value, f"h{index}", gates=4))
        value = xavier(hidden, width, 4) if projected else orthogonal_gates(hidden, 4)
        matrices.append(Matrix(f"{name}.rec", value, f"h{index + 1}", recurrent=True, gates=4))
        if projected:
            value = xavier(width, hidden)
            matrices.append(Matrix(f"{name}.proj", value, f"c{index}", recurrent=True))
    return matrices
