"""The recipe's `trainings`: how an acoustic model is trained."""

from typing import Literal

from pydantic import Field, model_validator

from schatten.recipe.base import NotNegative, Positive, PositiveFloat, Settings, Share


class SpecAugment(Settings):
    """Masks over time and frequency (Park et al., 2019), as lhotse draws them."""

    num_feature_masks: int = Field(default=2, ge=0)
    """Masks over bins."""
    features_mask_size: Positive = 13
    """Widest mask, in bins."""
    num_frame_masks: int = Field(default=4, ge=0)
    """Masks over time."""
    frames_mask_size: Positive = 40
    """Longest mask, in frames."""
    max_frames_mask_fraction: Share = 0.15
    """Share of an utterance that time masks may cover."""
    time_warp_factor: int = Field(default=0, ge=0)
    """Time warp; 0 for none."""
    p: Share = 0.9
    """Probability that an utterance is masked."""


class FactorWarmup(Settings):
    """A slow start for U and V in stage 1, where a penalty stores W as U V.

    Both move W, the more the larger they are: while a training has found no alignment yet, noise
    makes a few directions of W large, which it hardly recovers from.
    """

    share: Share = 0.3
    """Share of their learning rate at the start."""
    steps: Positive = 500
    """Steps over which it rises exponentially to all of it."""


class Training(Settings):
    """One training run; the same settings serve every penalty."""

    epochs: Positive
    """Epochs of stage 1."""
    epoch_parts: Positive = 1
    """An epoch is a pass over one of so many parts of the training split, in turn; 1: over all."""
    batch_seconds: PositiveFloat
    """Seconds of audio in a batch, at most, padding counted."""
    learning_rate: PositiveFloat
    """Highest learning rate (Adam)."""
    warmup_steps: int = Field(default=200, ge=0)
    """Steps over which the learning rate rises linearly."""
    hold_epochs: NotNegative = 0.0
    """Epochs (fractions too) at the highest learning rate, before it falls."""
    final_learning_rate_ratio: Share = 0.02
    """The learning rate falls exponentially to this share of the highest by the last epoch."""
    factor_learning_rate_ratio: Share = 1.0
    """What U and V take of the learning rate in stage 1, where a penalty stores W as U V."""
    factor_warmup: FactorWarmup | None = FactorWarmup()
    """Their slow start; null for none."""
    gradient_clip: PositiveFloat = 100.0
    """Largest norm of the gradient of the loss (a sum over an utterance, see `Penalty`)."""
    spec_augment: SpecAugment | None = None
    """Masking of the training features."""
    max_utterance_seconds: PositiveFloat = 30.0
    """Longer training utterances are left out, and counted."""
    first_label_after: NotNegative = 0.0
    """Seconds at the start of an utterance in which training lets blanks alone be written.

    Else a model may learn to guess the first letter before anything was said, a local optimum of
    CTC that is hardly left again; 0.2 prevented it in `voicesearch_like/first_letter`.
    """
    torch_threads: Positive = 1
    """CPU threads; part of the experiment, as results depend on it."""
    precision: Literal["32", "16-mixed", "bf16-mixed"] = "32"
    """Lightning's precision."""
    checkpoint_steps: Positive = 200
    """Steps between checkpoints for resuming; every epoch's end is one too."""
    weight_average_epochs: int = Field(default=0, ge=0)
    """The final weights are the average of those after the last so many epochs; 0: the last."""

    @model_validator(mode="after")
    def _falls_at_last(self) -> "Training":
        if self.hold_epochs >= self.epochs:
            raise ValueError(
                f"hold_epochs {self.hold_epochs:g} leaves none of {self.epochs} epochs for the "
                "learning rate to fall: give less"
            )
        return self
