"""The recipe's `trainings`: how an acoustic model is trained."""

from typing import Literal

from pydantic import Field, model_validator

from schatten.recipe.base import NotNegative, Positive, PositiveFloat, Settings, Share


class SpecAugment(Settings):
    """SpecAugment: masks over time and frequency (Park et al., 2019), as lhotse draws them."""

    num_feature_masks: int = Field(default=2, ge=0)
    """Number of masks over bins."""
    features_mask_size: Positive = 13
    """Largest width of a mask, in bins."""
    num_frame_masks: int = Field(default=4, ge=0)
    """Number of masks over time."""
    frames_mask_size: Positive = 40
    """Largest length of a mask, in frames."""
    max_frames_mask_fraction: Share = 0.15
    """Largest share of an utterance that time masks may cover."""
    time_warp_factor: int = Field(default=0, ge=0)
    """Time warp factor of lhotse; 0 for no time warp."""
    p: Share = 0.9
    """Probability that an utterance is masked."""


class FactorWarmup(Settings):
    """A slow start for U and V in stage 1, if a penalty stores W as U V.

    The larger U and V are, the more their updates change W. Before the training has found an
    alignment, gradient noise can make W large in a few directions. It hardly recovers from that.
    """

    share: Share = 0.3
    """Share of their learning rate at the start."""
    steps: Positive = 500
    """Steps over which the share rises exponentially to 1."""


class Training(Settings):
    """Settings of a training. The same settings are used for all penalties."""

    epochs: Positive
    """Number of epochs of stage 1."""
    epoch_parts: Positive = 1
    """Split the training set into this many parts; each epoch uses one of them, in rotation."""
    hours: PositiveFloat | None = None
    """Train on this many hours of the training split, at the recordings' own speed; null for all.
    The part follows from the seed: shorter parts are in longer ones, and all speakers have about
    the same time. Statistics of features and language models still see the whole split."""
    batch_seconds: PositiveFloat
    """Largest batch, in seconds of audio including padding."""
    accumulate_gradients: Positive = 1
    """Divide each batch into this many pieces, one after the other on the device, and sum their
    gradients. Memory is that of a piece; steps, loss and learning rate stay those of the batch.
    BatchNorm sees one piece at a time, so results differ from those of 1."""
    learning_rate: PositiveFloat
    """Highest learning rate (Adam)."""
    warmup_steps: int = Field(default=200, ge=0)
    """Steps over which the learning rate rises linearly."""
    hold_epochs: NotNegative = 0.0
    """Epochs at the highest learning rate before it falls; may be a fraction."""
    final_learning_rate_ratio: Share = 0.02
    """The learning rate falls exponentially until the last epoch, to this share of the highest."""
    factor_learning_rate_ratio: Share = 1.0
    """Share of the learning rate that U and V have in stage 1, if a penalty stores W as U V."""
    factor_warmup: FactorWarmup | None = FactorWarmup()
    """Slow start of U and V; null for none."""
    gradient_clip: PositiveFloat = 100.0
    """Largest norm of the gradient of the loss. The loss is a sum over an utterance: see
    `Penalty`."""
    spec_augment: SpecAugment | None = None
    """Masking of the training features."""
    max_utterance_seconds: PositiveFloat = 30.0
    """Largest length of training utterances in s. Longer ones are left out and counted."""
    first_label_after: NotNegative = 0.0
    """Seconds at the start of an utterance in which training allows only blanks. Without them a
    model may learn to guess the first letter before anything is said. CTC hardly leaves this local
    optimum again. The value 0.2 prevented it in `voicesearch_like/first_letter`.
    """
    torch_threads: Positive = 1
    """CPU threads of a training. Results depend on it, so it belongs to the experiment."""
    precision: Literal["32", "16-mixed", "bf16-mixed"] = "32"
    """Lightning's precision."""
    products: Literal["fp32", "bf16"] = "fp32"
    """Precision of matrix products over all frames. `bf16`: on a CPU with instructions for it,
    their inputs are rounded to bf16 and sums are in fp32 (docs/performance.md). Results then differ
    from those of `fp32`."""
    checkpoint_steps: Positive = 200
    """Steps between checkpoints for resuming. There is also one at the end of each epoch."""
    weight_average_epochs: int = Field(default=0, ge=0)
    """Number of last epochs whose weights are averaged; 0 takes the weights after the last."""

    @model_validator(mode="after")
    def _falls_at_last(self) -> "Training":
        if self.hold_epochs >= self.epochs:
            raise ValueError(
                f"hold_epochs {self.hold_epochs:g} leaves none of {self.epochs} epochs for the "
                "learning rate to fall: give less"
            )
        return self


APPLY_BELOW = 0.8
"""Share of a matrix's size below which `apply_factors` multiplies by V and then by U.

Measured with `schatten bench-training --ranks`: with factors of 0.75 of the size, layers took 0.78
to 0.94 of the time, and less with smaller factors. It is a constant so that a recipe gives the same
bits on every machine.
"""

APPLY_RECURRENT_BELOW = 0.7
"""The same share for the recurrent matrices of a GRU that trains on a CPU.

Each frame then needs two short products. With factors of about 0.65 of the size, GRUs of 192 to
1024 units took 0.83 to 1.0 of the time. With factors of 0.2 of the size they took 0.41 to 0.78 of
the time. A GRU of 128 units took as long as before.
"""


class Stage2(Settings):
    """Training after truncation, with a warm start and without penalty."""

    transition: Literal["after_convergence", "early"] = "after_convergence"
    """`after_convergence`: stage 2 has a schedule of its own, as in the trace norm paper (Kliegl et
    al., 2018), section 3.2.2. `early`: both stages share one schedule, as in section 3.2.3."""
    at_epoch: Positive | tuple[Positive, ...] | None = None
    """Epoch of stage 1 whose model is truncated; by default the last. With several epochs, each one
    is used with all ranks."""
    apply_factors: bool = True
    """Multiply by V, then by U, instead of forming W = U V, for matrices where this is faster.

    In GRUs that train on a CPU this includes recurrent matrices.
    """
    epochs: Positive = 1
    """Epochs of stage 2. With `early`, the rest of the schedule is used instead."""
    learning_rate_factor: PositiveFloat = 3.0
    """First learning rate of stage 2, divided by the last one of stage 1 (3 in the trace norm
    paper)."""
    final_learning_rate_ratio: Share = 0.1
    """The learning rate of stage 2 falls exponentially to this share of its first value."""

    @model_validator(mode="after")
    def _early_has_an_epoch(self) -> "Stage2":
        if self.transition == "early" and not self.at_epoch:
            raise ValueError("an early transition needs at_epoch, the epoch that is factored")
        return self

    def factored_epochs(self) -> tuple[int | None, ...]:
        """Return the epochs of stage 1 whose models are truncated; None means the last epoch."""
        return (self.at_epoch,) if isinstance(self.at_epoch, int) else self.at_epoch or (None,)


class Continuation(Stage2):
    """How a later training of a chain continues from the node before."""

    learning_rate: PositiveFloat | None = None
    """First learning rate, instead of a multiple of the last one of the training before."""
