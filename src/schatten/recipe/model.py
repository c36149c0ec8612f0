"""The recipe's `features` and `models`: what the acoustic model sees and what it is."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schatten.recipe.base import Name, NotNegative, Positive, Settings, Share

FeatureName = Literal["mel80", "mel40", "linear161"]
FEATURE_BINS: dict[str, int] = {"mel80": 80, "mel40": 40, "linear161": 161}


class Convolution(Settings):
    """A two-dimensional convolution over time and frequency, with BatchNorm and clipped ReLU."""

    channels: Positive
    """Output channels."""
    kernel: tuple[Positive, Positive]
    """Size in frames and in bins."""
    stride: tuple[Positive, Positive] = (1, 1)
    """Stride in frames and in bins."""


class DeepSpeech2(Settings):
    """Forward-only Deep Speech 2: convolutions, GRUs, a fully connected layer, CTC."""

    type: Literal["deep_speech_2"]
    feature: FeatureName = "mel80"
    """Features it reads."""
    convolutions: tuple[Convolution, ...]
    """The front-end, first layer first."""
    gru: tuple[Positive, ...]
    """Hidden units of each GRU."""
    fully_connected: Positive
    """Units of the layer before the output."""
    dropout: NotNegative = 0.0
    """Share of the inputs of each GRU and of the fully connected layer dropped in training."""

    @property
    def stride(self) -> int:
        """Feature frames per output frame."""
        product = 1
        for convolution in self.convolutions:
            product *= convolution.stride[0]
        return product


class Lstm(Settings):
    """The LSTM stack of P (Prabhavalkar et al., 2016): stacked frames, LSTMs, CTC."""

    type: Literal["lstm"]
    feature: FeatureName = "mel40"
    """Features it reads."""
    stack: Positive = 8
    """Frames stacked into one input."""
    keep_every: Positive = 3
    """One stacked input is kept of so many."""
    lstm: tuple[Positive, ...]
    """Memory cells of each LSTM."""
    dropout: NotNegative = 0.0
    """Share of the inputs of each layer dropped in training."""

    @property
    def stride(self) -> int:
        """Feature frames per output frame."""
        return self.keep_every


Model = Annotated[DeepSpeech2 | Lstm, Field(discriminator="type")]


class VarianceShare(Settings):
    """Keep the smallest rank whose singular values hold this share of the variance (T)."""

    tau: Annotated[float, Field(gt=0, le=1)]
    """Share of the sum of squared singular values."""

    @property
    def label(self) -> str:
        """The name in paths and tables."""
        return f"tau{self.tau:.2f}"


class FixedRank(Settings):
    """Keep the same rank in every matrix that it makes smaller."""

    rank: Positive
    """The rank."""

    @property
    def label(self) -> str:
        """The name in paths and tables."""
        return f"rank{self.rank}"


class ParameterTarget(Settings):
    """Keep the one variance share in all matrices that brings the model to a size (T 3.2.3)."""

    parameters: Positive
    """Parameters of the whole model, at most."""

    @property
    def label(self) -> str:
        """The name in paths and tables."""
        return f"params{self.parameters}"


Rank = VarianceShare | FixedRank | ParameterTarget


class Penalty(Settings):
    """The penalty of stage 1; the loss is CTC summed over an utterance, averaged over the batch."""

    type: Literal["none", "l2", "trace_norm"]
    """`l2`: (lambda/2) ‖W‖²; `trace_norm`: W = U V and (lambda/2) (‖U‖² + ‖V‖²)."""
    lambda_rec: NotNegative = 0.0
    """Strength on recurrent matrices."""
    lambda_nonrec: NotNegative = 0.0
    """Strength on the other large matrices."""

    @model_validator(mode="after")
    def _strengths_match(self) -> "Penalty":
        if self.type == "none" and (self.lambda_rec or self.lambda_nonrec):
            raise ValueError("penalty none has no lambda: remove lambda_rec and lambda_nonrec")
        return self


class Stage2(Settings):
    """Training after truncation: warm start, no penalty."""

    transition: Literal["after_convergence", "early"] = "after_convergence"
    """`after_convergence`: T 3.2.2; `early`: one schedule for both stages, T 3.2.3."""
    at_epoch: Positive | tuple[Positive, ...] | None = None
    """Epoch of stage 1 that is factored, or several, each for all ranks; its last by default."""
    epochs: Positive = 1
    """Epochs of stage 2; with `early`, those left of the schedule are used instead."""
    learning_rate_factor: float = Field(default=3.0, gt=0)
    """Stage 2 starts with this times stage 1's last learning rate (T: 3)."""
    final_learning_rate_ratio: Share = 0.1
    """Its learning rate falls exponentially to this share of its first."""

    @model_validator(mode="after")
    def _early_has_an_epoch(self) -> "Stage2":
        if self.transition == "early" and not self.at_epoch:
            raise ValueError("an early transition needs at_epoch, the epoch that is factored")
        return self

    def factored_epochs(self, last: int) -> tuple[int, ...]:
        """Return the epochs of stage 1 that are factored, where its `last` is the default."""
        if isinstance(self.at_epoch, int):
            return (self.at_epoch,)
        return self.at_epoch or (last,)


class System(Settings):
    """A named acoustic model configuration: model, penalty, factorization, ranks."""

    model: Name
    """One of `models`."""
    penalty: Penalty = Penalty(type="none")
    """What stage 1 adds to the loss."""
    factorization: Literal["partial", "split", "joint"] = "partial"
    """Which matrices of a layer are factored as one."""
    ranks: tuple[Rank, ...] = ()
    """How far it is compressed; a row of the table each."""
    stage2: Stage2 | None = None
    """Training after truncation."""
    seeds: tuple[Positive, ...] = (1,)
    """One training each."""
    training: Name = "default"
    """One of `trainings`."""

    @model_validator(mode="after")
    def _ranks_have_a_stage2(self) -> "System":
        if self.ranks and self.stage2 is None:
            raise ValueError("ranks are given but no stage2: say how it is trained, e.g. epochs")
        return self
