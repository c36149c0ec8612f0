"""Layers with masks: an utterance's outputs are the same alone and in any padded batch.

Letters in shapes: N utterances, T frames, C channels or units, F bins, H hidden units.
"""

import warnings
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from schatten.models.packing import Packing

# It is true, of the CPU, and nothing to act upon.
warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")


FORMED_UP_TO = 256
"""Up to this many cells, a CPU always multiplies out a projected LSTM's recurrent matrix.

`schatten bench-training --projections` prints what that takes of the time of torch's.
"""


class MaskedBatchNorm(nn.BatchNorm1d):
    """BatchNorm over the valid frames of a batch; padded frames come out as zeros.

    Channels are the last dimension.
    """

    def __init__(self, channels: int) -> None:
        """Normalise `channels` channels."""
        super().__init__(channels, eps=1e-3)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Normalise frames (..., C), or x (N, T, C) on the frames of `mask` (N, T)."""
        if mask is not None:
            return unpack(self(x[mask]), mask)
        frames = x.flatten(0, -2)
        if self.training and distributed.is_initialized() and distributed.get_world_size() > 1:
            return self._over_processes(frames).view_as(x)
        if self.training and len(frames) == 1:  # which has no variance
            return self._by_running_statistics(frames).view_as(x)
        return super().forward(frames).view_as(x)

    def _by_running_statistics(self, frames: Tensor) -> Tensor:
        return functional.batch_norm(
            frames, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )

    def _over_processes(self, frames: Tensor) -> Tensor:
        """Normalise frames (M, C) by the statistics of all processes' frames."""
        values = frames.float()
        count = _summed(values.new_tensor(len(values)))
        mean = _summed(values.sum(0)) / count
        centred = values - mean
        variance = _summed(centred.square().sum(0)) / count
        with torch.no_grad():
            assert self.running_mean is not None and self.running_var is not None
            assert self.num_batches_tracked is not None and self.momentum is not None
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1).clamp(min=1), self.momentum)
        scale = (variance + self.eps).rsqrt() * self.weight
        return (centred * scale + self.bias).to(frames.dtype)

    def gain_and_offset(self) -> tuple[Tensor, Tensor]:
        """Return gain and offset (C,), float64: with running statistics it is x * gain + offset.

        gain = weight / sqrt(variance + eps), offset = bias - mean * gain (Ioffe & Szegedy, 2015).
        """
        assert self.running_mean is not None
        assert self.running_var is not None
        gain = self.weight.detach().double() / (self.running_var.double() + self.eps).sqrt()
        return gain, self.bias.detach().double() - self.running_mean.double() * gain


class _Sum(torch.autograd.Function):
    """The sum over all processes; the gradient of a loss that is a sum over them too."""

    @staticmethod
    def forward(context: Any, value: Tensor) -> Tensor:
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total


def _summed(value: Tensor) -> Tensor:
    result: Tensor = _Sum.apply(value)
    return result


def unpack(frames: Tensor, mask: Tensor) -> Tensor:
    """Spread valid frames (M, ...) over a batch (N, T, ...) with zeros elsewhere."""
    spread = frames.new_zeros(*mask.shape, *frames.shape[1:])
    spread[mask] = frames
    return spread


class ConvolutionLayer(nn.Module):
    """Convolution over frames and bins, BatchNorm, ReLU clipped at 20.

    Padding is half of the kernel on each side, so that output frame t looks at input frames
    t * stride - (k - 1) // 2 to t * stride + k // 2: k // 2 frames of look-ahead. Channels come
    last, where oneDNN's convolutions want them and BatchNorm sums over rows.
    """

    def __init__(
        self, inputs: int, channels: int, kernel: tuple[int, int], stride: tuple[int, int]
    ) -> None:
        """Sizes and strides are (frames, bins)."""
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.convolution = nn.Conv2d(inputs, channels, kernel, stride, bias=False)
        self.norm = MaskedBatchNorm(channels)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Packing]:
        """Map x (N, T, F, C), zero on padded frames, and lengths (N,) to packed (M, F', C')."""
        x = x.permute(0, 3, 1, 2)  # torch's order of dimensions; the memory stays as it is
        weight = self.convolution.weight.contiguous(memory_format=torch.channels_last)
        if all(size % 2 for size in self.kernel):
            sides = [size // 2 for size in self.kernel]
            x = functional.conv2d(x, weight, None, self.stride, sides)
        else:
            pads = [side for size in reversed(self.kernel) for side in ((size - 1) // 2, size // 2)]
            x = functional.conv2d(functional.pad(x, pads), weight, None, self.stride)
        packing = Packing(self.output_lengths(lengths), x.shape[2])
        frames = self.norm(packing.pack(x.permute(0, 2, 3, 1)))
        return functional.hardtanh_(frames, 0.0, 20.0), packing

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the number of output frames (N,) for `lengths` frames."""
        return (lengths - 1).div(self.stride[0], rounding_mode="floor") + 1

    def output_bins(self, bins: int) -> int:
        """Return the number of output bins for `bins` bins."""
        return (bins - 1) // self.stride[1] + 1


def apply_right_factor(x: Tensor, right: Tensor | None) -> Tensor:
    """Return the products (N, T, r) of x (N, T, C) with V (r, C); x itself where V is None."""
    return x if right is None else functional.linear(x, right)


def run_lstm(x: Tensor, nonrec: Tensor, rec: Tensor, bias: Tensor) -> Tensor:
    """Run torch's fused LSTM over x (N, T, C) with matrices (4H, C), (4H, H): (N, T, H).

    Gates are input, forget, cell, output.
    """
    state = x.new_zeros(1, x.shape[0], rec.shape[1])
    weights = [nonrec, rec, bias, torch.zeros_like(bias)]
    output, _, _ = torch._VF.lstm(x, (state, state), weights, True, 1, 0.0, False, False, True)
    return output


def run_projected_lstm(
    x: Tensor, nonrec: Tensor, rec: Tensor, proj: Tensor, bias: Tensor
) -> Tensor:
    """Run an LSTM whose state is projected, over x (N, T, C): P h (N, T, r) at each frame.

    Matrices (4H, C), (4H, r), (r, H). It is torch's LSTM with `proj_size` (Sak et al., 2014), which
    does not allow r = H. There, and on a CPU in layers that are small or whose projection is wide,
    the recurrent matrix is multiplied out: oneDNN runs an LSTM, but none with projections.
    """
    width, hidden = proj.shape
    pays = hidden <= FORMED_UP_TO or 2 * width > hidden
    if width == hidden or (pays and x.device.type == "cpu"):
        return run_formed_lstm(x, nonrec, rec, proj, bias)
    return run_fused_lstm(x, nonrec, rec, proj, bias)


def run_formed_lstm(x: Tensor, nonrec: Tensor, rec: Tensor, proj: Tensor, bias: Tensor) -> Tensor:
    """Run a projected LSTM with its recurrent matrix multiplied out: see `run_projected_lstm`."""
    return functional.linear(run_lstm(x, nonrec, rec @ proj, bias), proj)


def run_fused_lstm(x: Tensor, nonrec: Tensor, rec: Tensor, proj: Tensor, bias: Tensor) -> Tensor:
    """Run torch's LSTM with `proj_size`, r < H: see `run_projected_lstm`."""
    width, hidden = proj.shape
    states = x.new_zeros(1, x.shape[0], width), x.new_zeros(1, x.shape[0], hidden)
    weights = [nonrec, rec, bias, torch.zeros_like(bias), proj]
    output, _, _ = torch._VF.lstm(x, states, weights, True, 1, 0.0, False, False, True)
    return output
