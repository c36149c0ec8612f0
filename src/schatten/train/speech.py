"""The speech of a training: which utterances of train and dev it uses, epoch by epoch."""

from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from pathlib import Path

import torch
from lhotse import CutSet
from lhotse.cut import Cut

from schatten.artifacts import TrainedOn
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.models import AcousticModel
from schatten.recipe.training import Training
from schatten.runtime.launch import place
from schatten.train.data import Batch, part_of, scoring_loader, training_loader, training_sampler
from schatten.train.objectives import Objective
from schatten.train.subset import chosen, only
from schatten.train.targets import Targets

_HELD = 40_000
"""Largest number of training utterances whose cuts are held in memory, some 3 kB each."""


class Speech:
    """Makes the batches of this process."""

    def __init__(
        self,
        cuts: tuple[Path, Path],
        model: AcousticModel,
        targets: Targets,
        training: Training,
        objective: Objective,
        seed: int,
        loaders: int = 0,
    ) -> None:
        """Read `cuts` (train, dev) and print what is left out.

        `loaders`: processes that read training features ahead.

        Errors: `UserError` if nothing is left to train on, or a part of an epoch is empty.
        """
        self.training, self.seed, self.loaders = training, seed, loaders
        self.targets = targets
        self._steps: int | None = None
        every = _in_memory(read_features(cuts[0], every=True))
        self.trained_on: TrainedOn | None = None
        if training.hours is not None:
            names, self.trained_on = chosen(every, training.hours, seed)
            print(f"trained on {self.trained_on}")
            every = only(every, names)
        self.train, parts = _fitting(every, model, targets, training, objective)
        self.epoch_seconds = _epoch_seconds(parts)
        """Seconds of audio of an epoch, on average over the parts."""
        dev = read_features(cuts[1], every=True)
        self.dev, _ = _fitting(dev, model, targets, training, objective.on_dev())

    def batches(self, epoch: int, skip: int) -> Iterator[list[Batch]]:
        """Yield the batches of an epoch, from 0, shuffled, in pieces; the first `skip` are not."""
        yield from training_loader(
            self.train, self.targets, self.training, self.seed, epoch, skip, place(), self.loaders
        )

    def steps_per_epoch(self) -> int:
        """Count the batches of the first epoch; the others have as many, give or take a few."""
        if self._steps is None:
            sampler = training_sampler(self.train, self.training, self.seed, 0)
            self._steps = sum(1 for _ in sampler)
        return self._steps

    def dev_batches(self) -> Iterator[Batch]:
        """Yield this process's batches of the dev split, in its order; there may be none."""
        seconds = self.training.batch_seconds / self.training.accumulate_gradients
        yield from scoring_loader(self.dev, self.targets, seconds, place())


def _in_memory(cuts: CutSet) -> CutSet:
    """Hold cuts in memory unless the corpus is large: an epoch reads them twice."""
    first = list(islice(cuts, _HELD + 1))
    return CutSet.from_cuts(first) if len(first) <= _HELD else cuts


def _fitting(
    cuts: CutSet,
    model: AcousticModel,
    targets: Targets,
    training: Training,
    objective: Objective,
) -> tuple[CutSet, list[float]]:
    """Leave out utterances that are too long, or too short for their labels, and print how many.

    Those without a frame, which have no features, are too short for any labels.

    Returns the others, and the seconds of each of `epoch_parts` parts of them.
    """
    seconds, left_out = [0.0] * training.epoch_parts, set()

    @cache
    def outputs(frames: int) -> int:
        return int(model.output_lengths(torch.tensor(frames)))

    for cut in cuts:
        labels = targets.shortest(cut.supervisions[0].text)
        fits = objective.fits(labels, outputs(cut.num_frames or 0))
        if fits and cut.duration <= training.max_utterance_seconds:
            seconds[part_of(training.epoch_parts, cut)] += cut.duration
        else:
            left_out.add(cut.id)
    if left_out:
        print(f"left out, too long or with more labels than frames: {len(left_out)}")
        print("\n".join(f"  {name}" for name in sorted(left_out)))
    if not any(seconds):
        raise UserError(
            "no utterance is left to train on: every one has more labels than output frames or "
            "is too long; lower the model's stride or first_label_after, or raise "
            "max_utterance_seconds"
        )
    return cuts.filter(partial(_is_outside, left_out)), seconds


def _is_outside(left_out: set[str], cut: Cut) -> bool:
    return cut.id not in left_out


def _epoch_seconds(parts: list[float]) -> float:
    """Return the mean of the parts' seconds; an empty part is a `UserError`."""
    if not all(parts):
        raise UserError(
            f"epoch_parts: {len(parts)} parts of the training split are too many, one would hold "
            "no utterance: lower epoch_parts"
        )
    return sum(parts) / len(parts)
