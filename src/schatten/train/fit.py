"""One training from a model to a trained model: the part that stage 1 and stage 2 share."""

import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import lightning
import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader

from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.models import AcousticModel, save
from schatten.recipe.training import Training
from schatten.runtime import gpus
from schatten.runtime.launch import place
from schatten.runtime.progress import report
from schatten.train.data import (
    Batch,
    part_of,
    scoring_loader,
    training_loader,
)
from schatten.train.measure import matrix_measures
from schatten.train.module import CtcTraining, leading_blanks
from schatten.train.schedule import Schedule
from schatten.train.state import Checkpoints, usable_checkpoint
from schatten.train.techniques import Technique
from schatten.units import Units

_HELD = 40_000
"""Training utterances whose cuts are held in memory at most, some 3 kB each."""


@dataclass(frozen=True)
class Fit:
    """What a training follows from, besides the model."""

    training: Training
    techniques: Sequence[Technique]
    schedule: Schedule
    epochs: int
    seed: int
    train_cuts: Path
    dev_cuts: Path
    keep_epochs: tuple[int, ...] = ()
    """Epochs whose models are kept, in the state folder."""


def fit(model: AcousticModel, plan: Fit, state: Path) -> tuple[list[dict[str, Any]], float]:
    """Train `model` in place, from the checkpoint in `state` where there is one.

    Returns the epochs' records and the seconds this training has taken, all its runs together.
    """
    _quiet()
    torch.set_num_threads(plan.training.torch_threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    every = _in_memory(read_features(plan.train_cuts))
    leading = leading_blanks(plan.training, model)
    cuts, parts = _fitting(every, model, plan.training, leading)
    seconds = _epoch_seconds(parts)
    dev, _ = _fitting(read_features(plan.dev_cuts), model, plan.training)
    module = CtcTraining(
        model, plan.training, plan.techniques, plan.schedule, plan.seed, seconds, matrix_measures
    )
    data = TrainingData(cuts, dev, model.units, plan)
    clock = Clock()
    callbacks: list[Callback] = [
        clock,
        Progress(plan.epochs, seconds),
        KeepEpochs(plan.keep_epochs, state),
        Checkpoints(state, plan.training.checkpoint_steps),
    ]
    resume = usable_checkpoint(state)
    data.expect(resume)
    with _devices() as devices:
        data.trainer = trainer = _trainer(plan, callbacks, state, devices)
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    module.average.apply(model)
    return module.records, clock.elapsed()


@contextmanager
def _devices() -> Iterator[int | list[int]]:
    """Yield how many devices each node has to give, or which GPU a process alone takes."""
    here = place()
    if here.count == 1 and torch.cuda.is_available():
        with gpus.one_of(torch.cuda.device_count()) as gpu:
            yield [gpu]
    else:
        yield here.count // here.nodes


def _trainer(
    plan: Fit, callbacks: list[Callback], state: Path, devices: int | list[int]
) -> lightning.Trainer:
    """Return the trainer; over several processes gradients are averaged (gloo, NCCL on GPUs)."""
    here = place()
    return lightning.Trainer(
        max_epochs=plan.epochs,
        accelerator="auto",
        devices=devices,
        num_nodes=here.nodes,
        strategy=DDPStrategy() if here.count > 1 else "auto",
        plugins=[LightningEnvironment()],
        precision=plan.training.precision,
        gradient_clip_val=plan.training.gradient_clip,
        callbacks=callbacks,
        logger=TensorBoardLogger(state, name=None, version=""),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
    )


def _in_memory(cuts: CutSet) -> CutSet:
    """Hold the cuts of a corpus that is not large in memory: an epoch reads them twice."""
    first = list(islice(cuts, _HELD + 1))
    return CutSet.from_cuts(first) if len(first) <= _HELD else cuts


def _fitting(
    cuts: CutSet, model: AcousticModel, training: Training, leading: int = 0
) -> tuple[CutSet, list[float]]:
    """Leave out utterances that are too long, or too short for their labels, and say so.

    `leading`: output frames at the start that labels must not be in. Returns the others, and the
    seconds of each of `epoch_parts` parts of them.
    """
    seconds, left_out = [0.0] * training.epoch_parts, set()

    @cache
    def outputs(frames: int) -> int:
        return int(model.output_lengths(torch.tensor(frames)))

    for cut in cuts:
        free = outputs(cut.num_frames) - leading
        labels = model.units.encode(cut.supervisions[0].text)
        fits = free >= max(1, model.units.frames_needed(labels))
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


def _epoch_seconds(parts: list[float]) -> float:
    """Return the seconds of audio of an epoch, on average over the parts."""
    if not all(parts):
        raise UserError(
            f"epoch_parts: {len(parts)} parts of the training split are too many, one would hold "
            "no utterance: lower epoch_parts"
        )
    return sum(parts) / len(parts)


def _is_outside(left_out: set[str], cut: Cut) -> bool:
    return cut.id not in left_out


class TrainingData(lightning.LightningDataModule):
    """Makes each epoch's loader; the first one after a resumption begins where it was left."""

    def __init__(self, cuts: CutSet, dev: CutSet, units: Units, plan: Fit) -> None:
        """Take the cuts with features."""
        super().__init__()
        self.cuts, self.dev, self.units, self.plan = cuts, dev, units, plan
        self.resumed_epoch, self.skip = 0, 0

    def expect(self, checkpoint: str | None) -> None:
        """Find the batch at which a checkpoint goes on."""
        if checkpoint is None:
            return
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        self.resumed_epoch = saved["epoch"]
        self.skip = int(saved["schatten"]["sums"]["steps"])

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the loader of the current epoch."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        skip = self.skip if epoch == self.resumed_epoch else 0
        plan = self.plan
        return training_loader(
            *(self.cuts, self.units, plan.training, plan.seed, epoch, skip, place())
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the dev split in its order."""
        return scoring_loader(self.dev, self.units, self.plan.training.batch_seconds, place())


class Clock(Callback):
    """Adds up the time a training takes over all its runs."""

    def __init__(self) -> None:
        """Start counting."""
        self.before = 0.0
        self.start = time.monotonic()

    def elapsed(self) -> float:
        """Return the seconds so far."""
        return self.before + time.monotonic() - self.start

    def state_dict(self) -> dict[str, float]:
        """Save the seconds so far in a checkpoint."""
        return {"elapsed": self.elapsed()}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from a checkpoint's seconds."""
        self.before = state_dict["elapsed"]


class Progress(Callback):
    """Tells how far the training is."""

    def __init__(self, epochs: int, epoch_seconds: float) -> None:
        """A training has `epochs` of `epoch_seconds` of audio."""
        self.epochs, self.epoch_seconds = epochs, epoch_seconds

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule, *_: Any
    ) -> None:
        """Report the loss and the audio seen of the epoch, in seconds."""
        assert isinstance(module, CtcTraining)
        report(
            "train",
            batch=round(module.sums["seconds"]),
            batches=round(self.epoch_seconds),
            epoch=trainer.current_epoch + 1,
            epochs=self.epochs,
            loss=round(module.recent_loss, 2),
        )

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Print the epoch's record to the log."""
        assert isinstance(module, CtcTraining)
        record = module.records[-1]
        print(
            f"epoch {record['epoch']}/{self.epochs}: train loss {record['train_loss']:.2f}, "
            f"dev loss {record['dev_loss']:.2f}, dev CER {record['dev_cer']:.2f} %, "
            f"learning rate {record['learning_rate']:.2e}",
            flush=True,
        )


class KeepEpochs(Callback):
    """Saves the models of some epochs, to be factored at an early transition."""

    def __init__(self, epochs: tuple[int, ...], folder: Path) -> None:
        """Save into `folder`."""
        self.epochs, self.folder = epochs, folder

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Save the model where the epoch is listed."""
        assert isinstance(module, CtcTraining)
        if trainer.current_epoch + 1 in self.epochs and trainer.is_global_zero:
            save(module.model, epoch_model(self.folder / "model.pt", trainer.current_epoch + 1))


def epoch_model(model: Path, epoch: int) -> Path:
    """Return where a model of an earlier epoch is kept: `e{epoch}.pt` beside the last one."""
    return model.with_name(f"e{epoch}.pt")


def _quiet() -> None:
    """Keep tips and hints off the console: Lightning's, and lhotse's on `_in_memory`."""
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning.*")
    warnings.filterwarnings("ignore", "You are using DynamicBucketingSampler with an eagerly read")
    warnings.filterwarnings("ignore", module="torch.utils.*")
