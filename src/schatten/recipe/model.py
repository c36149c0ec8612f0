"""The recipe's `features` and `models`: what the acoustic model sees and what it is."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schatten.recipe.base import (
    Dropped,
    Name,
    NotNegative,
    Positive,
    PositiveFloat,
    Seeds,
    Settings,
    Share,
)
from schatten.recipe.ranks import Rank

FeatureName = Literal["mel80", "mel40", "linear161"]
HighestFrequency = Annotated[float, Field(ge=100, lt=8000)]
"""Hz: at least one bin of every feature lies below the lowest."""
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
    highest_frequency: HighestFrequency | None = None
    """Hz; bins that reach above it are not looked at (training speech in MP3 has none, say)."""
    convolutions: tuple[Convolution, ...]
    """The front-end, first layer first."""
    gru: tuple[Positive, ...] = Field(min_length=1)
    """Hidden units of each GRU."""
    fully_connected: Positive
    """Units of the layer before the output."""
    dropout: Dropped = 0.0
    """Share of the inputs of each GRU and of the fully connected layer dropped in training."""

    @property
    def stride(self) -> int:
        """Feature frames per output frame."""
        product = 1
        for convolution in self.convolutions:
            product *= convolution.stride[0]
        return product

    @property
    def widths(self) -> tuple[int, ...]:
        """What the first GRU reads, then the units of each."""
        channels, bins = 1, FEATURE_BINS[self.feature]
        for convolution in self.convolutions:
            channels, bins = convolution.channels, (bins - 1) // convolution.stride[1] + 1
        return (channels * bins, *self.gru)


class Lstm(Settings):
    """The LSTM stack of P (Prabhavalkar et al., 2016): stacked frames, LSTMs, CTC."""

    type: Literal["lstm"]
    feature: FeatureName = "mel40"
    """Features it reads."""
    highest_frequency: HighestFrequency | None = None
    """Hz; bins that reach above it are not looked at (training speech in MP3 has none, say)."""
    stack: Positive = 8
    """Frames stacked into one input."""
    keep_every: Positive = 3
    """One stacked input is kept of so many."""
    lstm: tuple[Positive, ...] = Field(min_length=1)
    """Memory cells of each LSTM."""
    projection: tuple[Positive, ...] = ()
    """Width of each LSTM's projection, which it hands on in place of its state; none: no such."""
    dropout: Dropped = 0.0
    """Share of the inputs of each layer dropped in training."""

    @property
    def stride(self) -> int:
        """Feature frames per output frame."""
        return self.keep_every

    @property
    def widths(self) -> tuple[int, ...]:
        """What the first LSTM reads, then what each hands on."""
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


APPLY_BELOW = 0.8
"""Share of a matrix's size below which `apply_factors` makes products with V, then with U.

`schatten bench-training --ranks`: layers took 0.78 to 0.94 of the time with factors of 0.75 of the
size, and less with smaller ones. A constant, so that a recipe gives the same bits on every machine.
"""

APPLY_RECURRENT_BELOW = 0.7
"""That of the recurrent matrices of a GRU that trains on a CPU.

There it takes two short products at each frame: GRUs of 192 to 1024 units took 0.83 to 1.0 of the
time with factors of about 0.65 of the size, 0.41 to 0.78 with 0.2 of it; one of 128 units as long.
"""


class Stage2(Settings):
    """Training after truncation: warm start, no penalty."""

    transition: Literal["after_convergence", "early"] = "after_convergence"
    """`after_convergence`: T 3.2.2; `early`: one schedule for both stages, T 3.2.3."""
    at_epoch: Positive | tuple[Positive, ...] | None = None
    """Epoch of stage 1 that is factored, or several, each for all ranks; its last by default."""
    apply_factors: bool = True
    """Multiply inputs by V, then by U, of matrices that this makes faster, and form no W = U V.

    Recurrent matrices are among them in GRUs that train on a CPU.
    """
    epochs: Positive = 1
    """Epochs of stage 2; with `early`, those left of the schedule are used instead."""
    learning_rate_factor: PositiveFloat = 3.0
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


class Distillation(Settings):
    """Learning from a trained system's soft targets as well (Hinton et al., 2015).

    The loss is (1 - weight) CTC + weight t² KL(teacher ‖ student) at temperature t, frame by frame.
    """

    teacher: Name
    """One of `systems`: its stage 1 is trained first, and gives the targets."""
    weight: Share = 0.5
    """Share of the soft targets in the loss."""
    temperature: PositiveFloat = 1.0
    """Divides the logarithms of both models' probabilities."""


class System(Settings):
    """A named acoustic model configuration: model, penalty, factorization, ranks."""

    model: Name
    """One of `models`."""
    penalty: Penalty = Penalty(type="none")
    """What stage 1 adds to the loss."""
    factorization: Literal["partial", "split", "joint", "six", "projection"] = "partial"
    """Which matrices are factored as one; `six`: all of a layer; `projection`: P's, of LSTMs."""
    distill: Distillation | None = None
    """What stage 1 learns from, besides the labels."""
    ranks: tuple[Rank, ...] = ()
    """How far it is compressed; a row of the table each."""
    stage2: Stage2 | None = None
    """Training after truncation."""
    seeds: Seeds = (1,)
    """One training each."""
    training: Name = "default"
    """One of `trainings`."""
    precisions: tuple[Literal["fp32", "int8"], ...] = ()
    """Exported in these and decoded by the engine: rows of the engine's table."""

    @property
    def layout(self) -> str:
        """Which matrices are one weight in stage 1.

        All that reads a state shares P's projection: with a penalty it is one from the start.
        """
        return "joint" if self.factorization == "projection" else self.factorization

    @property
    def learns_by(self) -> str:
        """What stage 1 does beyond CTC over labels: its penalty, its teacher."""
        teacher = f", taught by {self.distill.teacher}" if self.distill else ""
        return f"{self.penalty.type}{teacher}"

    @model_validator(mode="after")
    def _ranks_have_a_stage2(self) -> "System":
        if self.ranks and self.stage2 is None:
            raise ValueError("ranks are given but no stage2: say how it is trained, e.g. epochs")
        return self


def factorization_problem(system: System, model: Model) -> str | None:
    """Say why a system's factorization is not one of its model, if it is not."""
    projects = system.factorization == "projection"
    if system.factorization == "six" and len(set(model.widths)) > 1:
        return (
            f"six joins matrices that read vectors of one width, but those of {system.model} are "
            f"{', '.join(map(str, model.widths))}, input first: take partial, split or joint"
        )
    if isinstance(model, DeepSpeech2):
        known = "take partial, split or joint for deep_speech_2"
        return f"projection is of LSTM stacks: {known}" if projects else None
    if model.projection and (projects or system.ranks or system.penalty.type == "trace_norm"):
        return (
            f"{system.model} has projections, which are factors already: give it no ranks and "
            "no trace_norm, or take the projection out of the model"
        )
    return None


def distillation_problem(name: str, systems: dict[str, System], models: dict[str, Model]) -> str:
    """Say why a system cannot learn from its teacher; nothing where it can, or has none."""
    distill = systems[name].distill
    if distill is None:
        return ""
    teacher = systems[distill.teacher]
    if distill.teacher == name or teacher.distill is not None:
        return f"{distill.teacher} learns from a teacher itself: name a system that does not"
    large, small = models[teacher.model], models[systems[name].model]
    if (large.feature, large.stride) != (small.feature, small.stride):
        return (
            f"{distill.teacher} reads {large.feature} at a stride of {large.stride} frames and "
            f"{name} {small.feature} at {small.stride}: they must be the same"
        )
    return ""
