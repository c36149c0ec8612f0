"""Batches of features and labels, the same in every run and from any batch on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from zlib import crc32

import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset import DynamicBucketingSampler, SimpleCutSampler
from lhotse.dataset.collation import collate_features
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from schatten.recipe.training import Training


@dataclass
class Batch:
    """Utterances padded to the longest: N utterances, T frames, C bins."""

    features: Tensor
    """(N, T, C)."""
    lengths: Tensor
    """Frames of each utterance (N,)."""
    labels: list[Tensor]
    """Unit indices of each utterance."""
    ids: list[str]
    """Utterance ids."""
    seconds: float
    """Audio in the batch, padding not counted."""


class Labels:
    """Text to unit indices."""

    def __init__(self, units: list[str]) -> None:
        """Units of one character each, the blank first."""
        self.index = {unit: number for number, unit in enumerate(units)}

    def __call__(self, text: str) -> Tensor:
        """Return the unit indices of a text."""
        return torch.tensor([self.index[character] for character in text], dtype=torch.long)


def frames_needed(labels: Tensor) -> int:
    """Return the output frames CTC needs: one a label, one more between equal neighbours."""
    return len(labels) + int((labels[1:] == labels[:-1]).sum())


class Utterances(Dataset[Batch]):
    """Turns lhotse's mini-batches of cuts into `Batch`es."""

    def __init__(self, labels: Labels) -> None:
        """Take the map of text to labels."""
        self.labels = labels

    def __getitem__(self, cuts: CutSet) -> Batch:
        """Load and pad the features of some cuts."""
        features, lengths = collate_features(cuts)
        return Batch(
            features=features,
            lengths=lengths.long(),
            labels=[self.labels(cut.supervisions[0].text) for cut in cuts],
            ids=[cut.id for cut in cuts],
            seconds=sum(cut.duration for cut in cuts),
        )


class Resumed(Sampler[CutSet]):
    """A sampler's mini-batches from the one numbered `skip` on."""

    def __init__(self, sampler: Sampler[CutSet], skip: int) -> None:
        """Skip so many mini-batches."""
        self.sampler = sampler
        self.skip = skip

    def __iter__(self) -> Iterator[CutSet]:
        """Yield the mini-batches of cuts that are left of the epoch."""
        return islice(iter(self.sampler), self.skip, None)


def part_of(parts: int, cut: Cut) -> int:
    """Return which of `parts` parts of the training split an utterance is in, from 0."""
    return crc32(cut.id.encode()) % parts


def _is_in(part: int, parts: int, cut: Cut) -> bool:
    return part_of(parts, cut) == part


def training_loader(
    cuts: CutSet, labels: Labels, training: Training, seed: int, epoch: int, skip: int
) -> DataLoader[Batch]:
    """Return an epoch's batches, shuffled and bucketed by duration, from batch `skip` on."""
    parts = training.epoch_parts
    sampler = DynamicBucketingSampler(
        cuts.filter(partial(_is_in, epoch % parts, parts)) if parts > 1 else cuts,
        max_duration=training.batch_seconds,
        shuffle=True,
        num_buckets=10,
        buffer_size=5000,
        seed=seed,
        rank=0,
        world_size=1,
    )
    sampler.set_epoch(epoch)
    return DataLoader(Utterances(labels), sampler=Resumed(sampler, skip), batch_size=None)


def scoring_loader(cuts: CutSet, labels: Labels, batch_seconds: float) -> DataLoader[Batch]:
    """Return batches in the order of the cuts."""
    sampler = SimpleCutSampler(cuts, max_duration=batch_seconds, rank=0, world_size=1)
    return DataLoader(Utterances(labels), sampler=sampler, batch_size=None)
