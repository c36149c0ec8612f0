"""Batches of features and labels, the same in every run and from any batch on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any
from zlib import crc32

import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset import DynamicBucketingSampler, SimpleCutSampler
from lhotse.dataset.collation import collate_features
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from schatten.recipe.training import Training
from schatten.runtime.launch import Place
from schatten.runtime.process import die_with_parent
from schatten.train.targets import Targets
from schatten.units.graph import StateGraph

_BUCKETS = 10
"""Groups of utterances of similar duration that an epoch's batches are drawn from."""


@dataclass
class Batch:
    """A process's share of a batch, padded to its longest: N utterances, T frames, C bins."""

    features: Tensor
    """(N, T, C)."""
    lengths: Tensor
    """Frames of each utterance (N,)."""
    labels: list[Tensor]
    """Unit indices of each utterance, by the main pronunciation of each word; [] if none are read.
    """
    ids: list[str]
    """Utterance ids."""
    seconds: float
    """Audio in the whole batch, padding not counted."""
    utterances: int
    """Utterances in the whole batch."""
    texts: list[str] = field(default_factory=list)
    """The transcript of each utterance; [] if no labels are read."""
    graphs: list[StateGraph | None] | None = None
    """Graph of each utterance's pronunciations; None where its labels are all that counts."""
    shares: int = 1
    """Shares of the whole batch: one for each process, times the pieces of gradient accumulation.
    """

    def averaged(self, total: Tensor) -> Tensor:
        """Return what this share, whose losses sum to `total`, adds to the mean loss of the batch.

        Gradients are averaged over shares, and `utterances` are those of all of them.
        """
        return total * self.shares / self.utterances

    def moved(self, move: Callable[[Any], Any]) -> "Batch":
        """Return the batch with its tensors moved by Fabric's `to_device`; graphs are of numpy."""
        features, lengths, labels = move((self.features, self.lengths, self.labels))
        return replace(self, features=features, lengths=lengths, labels=labels)


class Utterances(Dataset[Batch]):
    """Turns lhotse's mini-batches of cuts into `Batch`es."""

    def __init__(self, targets: Targets | None, place: Place) -> None:
        """Take what utterances should write, if it is wanted, and which share of each batch is."""
        self.targets = targets
        self.place = place

    def __getitem__(self, cuts: CutSet) -> Batch:
        """Load and pad the features of this process's share of some cuts.

        An empty share is replaced by one utterance without a frame.
        """
        whole = list(cuts)
        share = whole[self.place.rank :: self.place.count]
        features, lengths = collate_features(CutSet.from_cuts(share or whole[:1]))
        return Batch(
            features=features,
            lengths=lengths.long() if share else torch.zeros_like(lengths.long()),
            labels=[self.targets.labels(_text(cut)) for cut in share] if self.targets else [],
            ids=[cut.id for cut in share],
            seconds=sum(cut.duration for cut in whole),
            utterances=len(whole),
            texts=[_text(cut) for cut in share] if self.targets else [],
            graphs=[self.targets.graph(_text(cut)) for cut in share] if self.targets else None,
            shares=self.place.count,
        )


class Pieces(Dataset[list[Batch]]):
    """Turns lhotse's mini-batches of cuts into this process's pieces of each."""

    def __init__(self, targets: Targets | None, place: Place, count: int) -> None:
        """Take what utterances should write, this process's place, and the number of pieces."""
        self.targets, self.place, self.count = targets, place, count

    def __getitem__(self, cuts: CutSet) -> list[Batch]:
        """Return this process's share of each of `count` pieces of some cuts; none is empty.

        The pieces are the same for any number of processes, as BatchNorm sees one at a time.
        """
        count = min(self.count, len(cuts))
        first, shares = self.place.rank * count, self.place.count * count
        places = (Place(first + piece, shares) for piece in range(count))
        return [Utterances(self.targets, place)[cuts] for place in places]


def _text(cut: Cut) -> str:
    return str(cut.supervisions[0].text)


class Chosen(Sampler[CutSet]):
    """A sampler's mini-batches after the first `skip`: all of them, or every `step`-th."""

    def __init__(self, sampler: Sampler[CutSet], skip: int, step: int = 1) -> None:
        """Skip the first `skip` mini-batches, then take every `step`-th."""
        self.sampler = sampler
        self.skip, self.step = skip, step

    def __iter__(self) -> Iterator[CutSet]:
        """Yield the mini-batches of cuts that are left of the epoch."""
        return islice(iter(self.sampler), self.skip, None, self.step)


def part_of(parts: int, cut: Cut) -> int:
    """Return which of `parts` parts of the training split an utterance is in, from 0."""
    return crc32(cut.id.encode()) % parts


def _is_in(part: int, parts: int, cut: Cut) -> bool:
    return part_of(parts, cut) == part


def training_loader(
    cuts: CutSet,
    targets: Targets | None,
    training: Training,
    seed: int,
    epoch: int,
    skip: int,
    place: Place = Place(),  # noqa: B008, frozen
    loaders: int = 0,
) -> DataLoader[list[Batch]]:
    """Return an epoch's batches, shuffled and bucketed by duration, from batch `skip` on.

    Each one is a list of the pieces of `Training.accumulate_gradients`. Every process draws the
    same batches and takes its share of each. So the number of processes changes no batch, nor does
    that of `loaders`, the processes that read ahead; 0: this one reads each batch when it is due.
    """
    return DataLoader(
        Pieces(targets, place, training.accumulate_gradients),
        sampler=Chosen(training_sampler(cuts, training, seed, epoch), skip),
        batch_size=None,
        num_workers=loaders,
        worker_init_fn=_begin if loaders else None,
    )


def _begin(number: int) -> None:
    """Let a process that reads ahead use one thread, and end with the training."""
    torch.set_num_threads(1)
    die_with_parent()


def training_sampler(
    cuts: CutSet, training: Training, seed: int, epoch: int
) -> DynamicBucketingSampler:
    """Return the sampler of an epoch's batches of cuts.

    If there are fewer utterances than buckets, one bucket holds all.
    """
    parts = training.epoch_parts
    chosen = cuts.filter(partial(_is_in, epoch % parts, parts)) if parts > 1 else cuts
    is_small = sum(1 for _ in islice(chosen, _BUCKETS)) < _BUCKETS
    sampler = DynamicBucketingSampler(
        chosen,
        max_duration=training.batch_seconds,
        shuffle=True,
        num_buckets=_BUCKETS,
        duration_bins=[float("inf")] if is_small else None,
        buffer_size=5000,
        seed=seed,
        rank=0,
        world_size=1,
    )
    sampler.set_epoch(epoch)
    return sampler


def scoring_loader(
    cuts: CutSet,
    targets: Targets | None,
    batch_seconds: float,
    place: Place = Place(),  # noqa: B008, frozen
) -> DataLoader[Batch]:
    """Return batches in the order of the cuts, dealt out to the processes."""
    sampler = SimpleCutSampler(cuts, max_duration=batch_seconds, rank=0, world_size=1)
    dealt = Chosen(sampler, place.rank, place.count)
    return DataLoader(Utterances(targets, Place()), sampler=dealt, batch_size=None)
