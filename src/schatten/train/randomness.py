"""Random draws of a training: the same in every run, from any step on."""

import random

import numpy as np
import torch
from lhotse.dataset import SpecAugment as LhotseSpecAugment
from torch import Tensor

from schatten.recipe.training import SpecAugment
from schatten.train.data import Batch


def seed_step(seed: int, *numbers: int) -> None:
    """Seed every random generator for one step, so that a resumed training draws the same.

    `numbers`: the step, and in every process but the first its rank.
    """
    mixed = int(np.random.SeedSequence([seed, *numbers]).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)
    torch.manual_seed(mixed)


class Augmentation:
    """Masks the features of training batches."""

    def __init__(self, settings: SpecAugment | None) -> None:
        """Take the masks; None for no masks."""
        self.mask = None if settings is None else _spec_augment(settings)

    def __call__(self, batch: Batch) -> Tensor:
        """Return the features (N, T, C) of a batch, each utterance masked for itself."""
        if self.mask is None:
            return batch.features
        features = batch.features.clone()
        for row, length in enumerate(batch.lengths.tolist()):
            features[row : row + 1, :length] = self.mask(features[row : row + 1, :length])
        return features


def _spec_augment(settings: SpecAugment) -> LhotseSpecAugment:
    return LhotseSpecAugment(
        time_warp_factor=settings.time_warp_factor or None,
        num_feature_masks=settings.num_feature_masks,
        features_mask_size=settings.features_mask_size,
        num_frame_masks=settings.num_frame_masks,
        frames_mask_size=settings.frames_mask_size,
        max_frames_mask_fraction=settings.max_frames_mask_fraction,
        p=settings.p,
    )
