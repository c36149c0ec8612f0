"""Layers with masks: an utterance's outputs are the same alone and in any padded batch.

Letters in shapes: N utterances, T frames, C channels or units, F bins, H hidden units.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """Return a boolean mask (N, frames), true on the frames of each utterance."""
    return torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]


class MaskedBatchNorm(nn.Module):
    """BatchNorm over the valid frames of a batch; padded frames come out as zeros."""

    def __init__(self, channels: int, momentum: float = 0.1, epsilon: float = 1e-3) -> None:
        """Normalise `channels` channels."""
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.momentum = momentum
        self.epsilon = epsilon
        self.mean: Tensor
        self.variance: Tensor

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise x (N, T, C) or (N, C, T, F); `mask` is (N, T)."""
        spread = mask[:, None, :, None] if x.dim() == 4 else mask[:, :, None]
        shape = (1, -1, 1, 1) if x.dim() == 4 else (1, 1, -1)
        spread = spread.to(x.dtype)
        if self.training:
            mean, variance = self._statistics(x, spread)
        else:
            mean, variance = self.mean, self.variance
        gain = self.scale * torch.rsqrt(variance + self.epsilon)
        offset = self.shift - mean * gain
        return (x * gain.view(shape) + offset.view(shape)) * spread

    def _statistics(self, x: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        axes = (0, 2, 3) if x.dim() == 4 else (0, 1)
        count = spread.sum() * (x.shape[3] if x.dim() == 4 else 1)
        masked = x * spread
        mean = masked.sum(axes) / count
        variance = ((masked * x).sum(axes) / count - mean.square()).clamp(min=0)
        with torch.no_grad():
            self.mean.lerp_(mean, self.momentum)
            self.variance.lerp_(variance * count / (count - 1).clamp(min=1), self.momentum)
        return mean, variance

    def affine(self) -> tuple[Tensor, Tensor]:
        """Return the gain and the offset (C,) it applies at inference."""
        gain = self.scale * torch.rsqrt(self.variance + self.epsilon)
        return gain, self.shift - self.mean * gain


class ConvolutionLayer(nn.Module):
    """Convolution over frames and bins, BatchNorm, ReLU clipped at 20, mask.

    Padding is half of the kernel on each side, so that output frame t looks at input frames
    t * stride - (k - 1) // 2 to t * stride + k // 2: k // 2 frames of look-ahead.
    """

    def __init__(
        self, inputs: int, channels: int, kernel: tuple[int, int], stride: tuple[int, int]
    ) -> None:
        """Sizes and strides are (frames, bins)."""
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.convolution = nn.Conv2d(inputs, channels, kernel, stride, bias=False)
        self.norm = MaskedBatchNorm(channels)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (N, C, T, F) and lengths (N,) to the output and its lengths."""
        pads = [side for size in reversed(self.kernel) for side in ((size - 1) // 2, size // 2)]
        x = self.convolution(functional.pad(x, pads))
        lengths = self.output_lengths(lengths)
        mask = frame_mask(lengths, x.shape[2])
        x = functional.hardtanh(self.norm(x, mask), 0.0, 20.0)
        return x * mask[:, None, :, None].to(x.dtype), lengths

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the frames (N,) that come of `lengths` frames."""
        return (lengths - 1).div(self.stride[0], rounding_mode="floor") + 1

    def output_bins(self, bins: int) -> int:
        """Return the bins that come of `bins` bins."""
        return (bins - 1) // self.stride[1] + 1


class GruBiases(nn.Module):
    """Biases of a GRU in the variant of cuDNN and torch; gates are reset, update, new.

    The candidate is tanh(W_n x + b_n + r * (U_n h + c_n)): only the new gate has a second bias.
    """

    def __init__(self, hidden: int) -> None:
        """Start at zero."""
        super().__init__()
        self.input = nn.Parameter(torch.zeros(3 * hidden))
        self.new = nn.Parameter(torch.zeros(hidden))

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the biases that torch's GRU takes: (3H,) of the input, (3H,) of the state."""
        return self.input, torch.cat([self.new.new_zeros(2 * len(self.new)), self.new])


def run_gru(x: Tensor, nonrec: Tensor, rec: Tensor, biases: GruBiases) -> Tensor:
    """Run torch's fused GRU over x (N, T, C) with formed matrices (3H, C), (3H, H): (N, T, H)."""
    state = x.new_zeros(1, x.shape[0], rec.shape[1])
    weights = [nonrec, rec, *biases()]
    output, _ = torch._VF.gru(x, state, weights, True, 1, 0.0, False, False, True)
    return output


def run_lstm(x: Tensor, nonrec: Tensor, rec: Tensor, bias: Tensor) -> Tensor:
    """Run torch's fused LSTM over x (N, T, C) with matrices (4H, C), (4H, H): (N, T, H).

    Gates are input, forget, cell, output.
    """
    state = x.new_zeros(1, x.shape[0], rec.shape[1])
    weights = [nonrec, rec, bias, torch.zeros_like(bias)]
    output, _, _ = torch._VF.lstm(x, (state, state), weights, True, 1, 0.0, False, False, True)
    return output
