"""The recipe's `models`: features and architectures of the acoustic models."""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from schatten.recipe.base import (
    Dropped,
    Positive,
    Settings,
)

FeatureName = Literal["mel80", "mel40", "linear161"]
HighestFrequency = Annotated[float, Field(ge=100, lt=8000)]
"""Hz. The lowest allowed value leaves at least one bin of each kind of features."""
FEATURE_BINS: dict[str, int] = {"mel80": 80, "mel40": 40, "linear161": 161}


class Convolution(Settings):
    """A two-dimensional convolution over time and frequency, with BatchNorm and clipped ReLU."""

    channels: Positive
    """Output channels."""
    kernel: tuple[Positive, Positive]
    """Kernel size in frames and in bins."""
    stride: tuple[Positive, Positive] = (1, 1)
    """Stride in frames and in bins."""


class DeepSpeech2(Settings):
    """Forward-only Deep Speech 2: convolutions, recurrent layers, a fully connected layer, CTC."""

    type: Literal["deep_speech_2"]
    feature: FeatureName = "mel80"
    """Input features."""
    highest_frequency: HighestFrequency | None = None
    """Highest frequency in Hz. Bins that reach above it are ignored. Use it if the speech has no
    energy there, as after MP3 compression."""
    convolutions: tuple[Convolution, ...]
    """Convolutions, the first layer first."""
    gru: tuple[Positive, ...] = Field(min_length=1)
    """Number of units of each recurrent layer."""
    recurrent: Literal["gru", "rnn"] = "gru"
    """Kind of the recurrent layers. `rnn`: plain layers, clipped ReLU of W x + U h + b, as in
    Narang et al. (2017)."""
    fully_connected: Positive
    """Units of the layer before the output."""
    dropout: Dropped = 0.0
    """Dropout in training: share of the inputs of recurrent and fully connected layers that are set
    to zero."""

    @model_serializer(mode="wrap")
    def _without_the_default(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit `recurrent: gru`, so that results from before the key existed stay valid."""
        content: dict[str, Any] = handler(self)
        if content.get("recurrent") == "gru":
            del content["recurrent"]
        return content

    @property
    def stride(self) -> int:
        """Feature frames per output frame."""
        product = 1
        for convolution in self.convolutions:
            product *= convolution.stride[0]
        return product

    @property
    def widths(self) -> tuple[int, ...]:
        """Input width of the first recurrent layer, then the units of each."""
        channels, bins = 1, FEATURE_BINS[self.feature]
        for convolution in self.convolutions:
            channels, bins = convolution.channels, (bins - 1) // convolution.stride[1] + 1
        return (channels * bins, *self.gru)


class Lstm(Settings):
    """The LSTM stack of Prabhavalkar et al. (2016): stacked frames, LSTMs, CTC."""

    type: Literal["lstm"]
    feature: FeatureName = "mel40"
    """Input features."""
    highest_frequency: HighestFrequency | None = None
    """Highest frequency in Hz. Bins that reach above it are ignored. Use it if the speech has no
    energy there, as after MP3 compression."""
    stack: Positive = 8
    """Number of frames that are stacked into one input."""
    keep_every: Positive = 3
    """Keep every `keep_every`-th stacked frame."""
    lstm: tuple[Positive, ...] = Field(min_length=1)
    """Number of memory cells of each LSTM."""
    projection: tuple[Positive, ...] = ()
    """Width of each LSTM's projection, which is then its output instead of its state. An empty list
    means no projections."""
    dropout: Dropped = 0.0
    """Dropout in training: share of the inputs of each layer that are set to zero."""

    @property
    def stride(self) -> int:
        """Feature frames per output frame."""
        return self.keep_every

    @property
    def widths(self) -> tuple[int, ...]:
        """Input width of the first LSTM, then the output width of each."""
        return (self.stack * FEATURE_BINS[self.feature], *(self.projection or self.lstm))

    @model_validator(mode="after")
    def _projections_fit(self) -> "Lstm":
        if self.projection and len(self.projection) != len(self.lstm):
            raise ValueError(
                f"projection has {len(self.projection)} widths for {len(self.lstm)} LSTMs: "
                "give one for each, or none"
            )
        for width, cells in zip(self.projection, self.lstm, strict=False):
            if width > cells:
                raise ValueError(f"a projection of {width} is wider than its LSTM of {cells}")
        return self


Model = Annotated[DeepSpeech2 | Lstm, Field(discriminator="type")]
