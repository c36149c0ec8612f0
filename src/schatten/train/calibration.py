"""Second moments of the inputs of a trained model's matrices, measured on training speech."""

from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor

from schatten.compress import SecondMoment
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.models import AcousticModel
from schatten.recipe.training import Training
from schatten.train.data import training_loader

SECONDS = 600.0
"""Seconds of speech to measure: some 15,000 output frames, dozens for each input of a matrix."""
SEED = 1
"""Seed of the order in which training speech is taken."""


def input_moments(model: AcousticModel, cuts: Path, training: Training) -> dict[str, Tensor]:
    """Return the second moment (n, n) of the inputs of each matrix (m, n), by matrix.

    It is measured on the first ten minutes of `cuts`, in the order of a training with seed 1,
    without masks and dropout.
    """
    torch.set_num_threads(1)
    moments: dict[str, SecondMoment] = defaultdict(SecondMoment)
    model.eval()
    model.observer = lambda name, inputs: moments[name].add(inputs)
    seconds = 0.0
    loader = training_loader(read_features(cuts), None, training, SEED, 0, 0)
    with torch.inference_mode():
        for pieces in loader:
            for batch in pieces:
                model(batch.features, batch.lengths)
            seconds += pieces[0].seconds
            if seconds >= SECONDS:
                break
    model.observer = None
    if not moments:
        raise UserError(f"{cuts} holds no speech to measure the inputs of matrices on")
    return {name: moment.mean.clone() for name, moment in moments.items()}
