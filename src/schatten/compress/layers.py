"""Drop-in replacements for PyTorch's Linear, Conv1d and Conv2d; their matrix is in a bank.

The matrix of a convolution is its kernel, reshaped to (outputs, inputs x kernel size). At rank r,
the layer is a convolution to r channels, and then a convolution of kernel size 1 to all outputs.
Source: Zhang et al. (2016), Accelerating very deep convolutional networks for classification and
detection.
"""

from collections.abc import MutableMapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from schatten.compress.activations import SecondMoment
from schatten.compress.bank import Matrix, WeightBank


class _LowRankLayer(nn.Module):
    """The common part of layers with one matrix: `bank`, `bias`, loading a plain layer's state."""

    bias: nn.Parameter | None

    def __init__(self, layer: nn.Linear | nn.Conv1d | nn.Conv2d) -> None:
        super().__init__()
        self.kernel_shape = tuple(layer.weight.shape)
        self.bank = WeightBank([Matrix("weight", layer.weight.flatten(1), "inputs")], "partial")
        self.register_parameter("bias", _copy_of(layer.bias))
        self.train(layer.training)

    @property
    def weight(self) -> Tensor:
        """W in the shape of the replaced layer's weight, multiplied out."""
        return self.bank.form()["weight"].reshape(self.kernel_shape)

    @property
    def parameters_stored(self) -> int:
        """How many numbers are stored: of the matrix in its present form, and of the bias."""
        return self.bank.parameters_stored + (0 if self.bias is None else self.bias.numel())

    def _factors(self) -> tuple[Tensor, Tensor] | None:
        """Return U (m, r) and V (r, n), or None if the matrix is not factored."""
        (_, weight), *_ = self.bank.items()
        return weight.factors

    def _load_from_state_dict(
        self, state_dict: MutableMapping[str, Any], prefix: str, *others: Any
    ) -> None:
        """Load a state; that of a plain layer is accepted too, its `weight` as a dense matrix."""
        plain = state_dict.pop(prefix + "weight", None)
        if plain is not None:
            state_dict[prefix + "bank.weights.weight.dense"] = plain.flatten(1)
        super()._load_from_state_dict(state_dict, prefix, *others)


class LowRankLinear(_LowRankLayer):
    """A linear layer whose matrix is in a bank. If it is factored, V is applied, then U."""

    def __init__(self, linear: nn.Linear) -> None:
        """Copy the weights of `linear`, dense at first; `linear` itself does not change."""
        super().__init__(linear)
        self.in_features, self.out_features = linear.in_features, linear.out_features

    def forward(self, input: Tensor) -> Tensor:
        """Return the outputs (..., m) for inputs (..., n)."""
        factors = self._factors()
        if factors is None:
            return functional.linear(input, self.weight, self.bias)
        u, v = factors
        return functional.linear(functional.linear(input, v), u, self.bias)

    @torch.no_grad()
    def add_inputs(self, batch: Tensor, seen: MutableMapping[str, SecondMoment]) -> None:
        """Add inputs (..., n) to the moment `weight` of `seen`."""
        seen["weight"].add(batch)

    @torch.no_grad()
    def to_torch(self, multiply_out: bool = False) -> nn.Module:
        """Return an `nn.Linear`, or an `nn.Sequential` of two if the matrix is factored.

        With `multiply_out` it is always one layer, of W = U V.
        """
        factors = None if multiply_out else self._factors()
        if factors is None:
            return _linear(self.weight, self.bias)
        u, v = factors
        return nn.Sequential(_linear(v, None), _linear(u, self.bias))


class LowRankConv(_LowRankLayer):
    """A Conv1d or Conv2d, without groups, whose matrix is in a bank."""

    def __init__(self, conv: nn.Conv1d | nn.Conv2d) -> None:
        """Copy the weights of `conv`, dense at first; `conv` itself does not change.

        Raises `ValueError` for a convolution with groups.
        """
        if conv.groups != 1:
            raise ValueError("a convolution with groups has a matrix for each: it stays as it is")
        super().__init__(conv)
        self.kind: type[nn.Conv1d | nn.Conv2d] = type(conv)
        self.in_channels, self.out_channels = conv.in_channels, conv.out_channels
        self.kernel_size, self.stride = conv.kernel_size, conv.stride
        self.padding, self.padding_mode = conv.padding, conv.padding_mode
        self.dilation, self.groups = conv.dilation, conv.groups
        self._sides: list[int] = conv._reversed_padding_repeated_twice

    def forward(self, input: Tensor) -> Tensor:
        """Return the output of the convolution, in the shape that the replaced layer returned."""
        factors = self._factors()
        if factors is None:
            return self._convolved(input, self.weight, self.bias)
        u, v = factors
        narrow = self._convolved(input, v.reshape(-1, *self.kernel_shape[1:]), None)
        return self._function(
            narrow, u.reshape(*u.shape, *(1 for _ in self.kernel_size)), self.bias
        )

    def _convolved(self, input: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        options = {"stride": self.stride, "dilation": self.dilation}
        if self.padding_mode == "zeros":
            return self._function(input, kernel, bias, padding=self.padding, **options)
        return self._function(self._padded(input), kernel, bias, **options)

    def _function(self, *arguments: Any, **options: Any) -> Tensor:
        if self.kind is nn.Conv1d:
            return functional.conv1d(*arguments, **options)
        return functional.conv2d(*arguments, **options)

    def _padded(self, input: Tensor) -> Tensor:
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        return functional.pad(input, self._sides, mode=mode)

    @torch.no_grad()
    def add_inputs(self, batch: Tensor, seen: MutableMapping[str, SecondMoment]) -> None:
        """Add the patches of inputs (B, channels, ...) to the moment `weight` of `seen`."""
        is_single = batch.dim() == len(self.kernel_size) + 1
        padded = self._padded(batch.unsqueeze(0) if is_single else batch)
        if self.kind is nn.Conv1d:
            padded = padded.unsqueeze(2)
        sizes = [(1,) * (2 - len(one)) + one for one in self._kernel_dilation_stride()]
        patches = functional.unfold(padded, sizes[0], dilation=sizes[1], stride=sizes[2])
        seen["weight"].add(patches.transpose(1, 2))

    def _kernel_dilation_stride(self) -> tuple[tuple[int, ...], ...]:
        return self.kernel_size, self.dilation, self.stride

    @torch.no_grad()
    def to_torch(self, multiply_out: bool = False) -> nn.Module:
        """Return a convolution, or an `nn.Sequential` of two if the matrix is factored.

        With `multiply_out` it is always one layer, of W = U V.
        """
        factors = None if multiply_out else self._factors()
        if factors is None:
            return self._plain(self.weight, self.bias)
        u, v = factors
        narrow = self._plain(v.reshape(-1, *self.kernel_shape[1:]), None)
        wide = self.kind(len(v), len(u), 1, bias=self.bias is not None)
        return nn.Sequential(narrow, _filled(wide, u.reshape(wide.weight.shape), self.bias))

    def _plain(self, kernel: Tensor, bias: Tensor | None) -> nn.Module:
        made = self.kind(
            self.in_channels,
            len(kernel),
            self.kernel_size,  # type: ignore[arg-type]
            stride=self.stride,  # type: ignore[arg-type]
            padding=self.padding,  # type: ignore[arg-type]
            dilation=self.dilation,  # type: ignore[arg-type]
            bias=bias is not None,
            padding_mode=self.padding_mode,
        )
        return _filled(made, kernel, bias)


def _copy_of(value: Tensor | None) -> nn.Parameter | None:
    return None if value is None else nn.Parameter(value.detach().clone())


def _linear(matrix: Tensor, bias: Tensor | None) -> nn.Module:
    rows, columns = matrix.shape
    return _filled(nn.Linear(columns, rows, bias=bias is not None), matrix, bias)


def _filled(layer: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """Give a plain layer these values, with their dtype and device; return the layer."""
    layer.register_parameter("weight", _copy_of(weight))
    layer.register_parameter("bias", _copy_of(bias))
    return layer
