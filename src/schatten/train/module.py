"""The training step: CTC, techniques, the learning rate, the checks, as a Lightning module."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from kaldialign import edit_distance
from lhotse.dataset import SpecAugment as LhotseSpecAugment
from torch import Tensor, distributed
from torch.nn import functional

from schatten.errors import UserError
from schatten.features.extractors import FRAME_SHIFT_SECONDS
from schatten.models import AcousticModel
from schatten.recipe.training import SpecAugment, Training
from schatten.runtime.launch import Place, place
from schatten.train.averaging import WeightAverage
from schatten.train.data import Batch
from schatten.train.schedule import Schedule
from schatten.train.techniques import Step, Technique

DIVERGENCE_FACTOR = 5.0
REMEDY = "lower the learning rate, lengthen warmup_steps, or lower gradient_clip"


class CtcTraining(lightning.LightningModule):
    """Trains an acoustic model; `records` grows by one entry an epoch.

    The loss is CTC summed over an utterance, averaged over the batch, as techniques turn it.
    """

    def __init__(
        self,
        model: AcousticModel,
        training: Training,
        techniques: Sequence[Technique],
        schedule: Schedule,
        seed: int,
        epoch_seconds: float,
        describe: Callable[[AcousticModel], dict[str, Any]],
    ) -> None:
        """Train `model`; an epoch is `epoch_seconds` of audio and ends with `describe`."""
        super().__init__()
        self.model = model
        self.training_settings = training
        self.techniques = techniques
        self.schedule = schedule
        self.seed = seed
        self.epoch_seconds = epoch_seconds
        self.describe = describe
        self.average = WeightAverage()
        self.records: list[dict[str, Any]] = []
        self.sums = dict.fromkeys(("loss", "utterances", "seconds", "steps"), 0.0)
        self.first_losses: list[float] = []
        self.recent_loss = 0.0
        self.dev = dict.fromkeys(("loss", "errors", "labels", "utterances"), 0.0)
        self.leading_blanks = leading_blanks(training, model)
        self.augment = _spec_augment(training.spec_augment)
        self.place: Place = place()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam; the schedule sets its rates at every step, those of U and V apart."""
        weights = [weight for _, weight in self.model.bank.items()]
        factors = [one for weight in weights for one in (weight.u, weight.v) if one is not None]
        taken = {id(one) for one in factors}
        others = [one for one in self.model.parameters() if id(one) not in taken]
        groups = [{"params": others}, *([{"params": factors}] if factors else [])]
        settings = self.training_settings
        fused = settings.precision == "32"  # Lightning clips no gradients of a fused one in mixed
        return torch.optim.Adam(groups, settings.learning_rate, betas=(0.9, 0.98), fused=fused)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch; a loss that is not finite or diverges ends the training.

        Lightning averages gradients over processes: the average of what each returns is the loss.
        """
        seed_step(self.seed, self.global_step, *([self.place.rank] if self.place.rank else []))
        epoch = self.current_epoch + self.sums["seconds"] / self.epoch_seconds
        rate = self.schedule(self.global_step, epoch)
        shares = (1.0, self.schedule.share_of_factors(self.global_step))
        groups = self.optimizers().param_groups  # type: ignore[union-attr]
        for group, share in zip(groups, shares, strict=False):
            group["lr"] = share * rate
        features = self._augmented(batch)
        log_probs, lengths = self.model(features, batch.lengths)
        if batch.labels:
            losses = ctc_losses(log_probs, lengths, batch.labels, self.leading_blanks)
        else:  # a stand-in
            losses = 0.0 * log_probs.sum()[None]
        (total,) = over_processes([float(losses.detach().sum())])
        self._check(total / batch.utterances, losses, batch)
        self.sums["loss"] += total
        self.sums["utterances"] += batch.utterances
        self.sums["seconds"] += batch.seconds
        self.sums["steps"] += 1
        loss = losses.sum() * self.place.count / batch.utterances
        step = Step(self.model, batch, log_probs, lengths)
        for technique in self.techniques:
            loss = technique(loss, step)
        return loss

    def _augmented(self, batch: Batch) -> Tensor:
        if self.augment is None:
            return batch.features
        features = batch.features.clone()
        for row, length in enumerate(batch.lengths.tolist()):
            features[row : row + 1, :length] = self.augment(features[row : row + 1, :length])
        return features

    def _check(self, value: float, losses: Tensor, batch: Batch) -> None:
        if not np.isfinite(value):
            bad = [name for name, one in zip(batch.ids, losses, strict=False) if not one.isfinite()]
            raise UserError(
                f"the loss is {value} at step {self.global_step}, at the utterances "
                f"{', '.join(bad)} (batch: {', '.join(batch.ids)}): listen to them, or {REMEDY}"
            )
        if len(self.first_losses) < 20:
            self.first_losses.append(value)
            self.recent_loss = sum(self.first_losses) / len(self.first_losses)
            return
        self.recent_loss = 0.95 * self.recent_loss + 0.05 * value
        if self.recent_loss > DIVERGENCE_FACTOR * sum(self.first_losses) / 20:
            raise UserError(
                f"the loss diverges: {self.recent_loss:.1f} at step {self.global_step}, over "
                f"{DIVERGENCE_FACTOR:g} times that of the first 20 steps (batch: "
                f"{', '.join(batch.ids)}): {REMEDY}"
            )

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add a batch of the dev split to its loss and its character errors (greedy)."""
        log_probs, lengths = self.model(batch.features, batch.lengths)
        losses = ctc_losses(log_probs, lengths, batch.labels)
        self.dev["loss"] += float(losses.sum())
        self.dev["utterances"] += len(losses)
        self.dev["errors"] += greedy_errors(log_probs, lengths, batch.labels)
        self.dev["labels"] += sum(len(labels) for labels in batch.labels)

    def on_validation_epoch_end(self) -> None:
        """Add the epoch's record, and its weights to the average: the dev split ends an epoch."""
        epoch = self.current_epoch + 1
        sums = self.sums
        dev = dict(zip(self.dev, over_processes(list(self.dev.values())), strict=True))
        rate = self.optimizers().param_groups[0]["lr"]  # type: ignore[union-attr]
        record = {
            "epoch": epoch,
            "steps": int(sums["steps"]),
            "train_loss": sums["loss"] / max(1, sums["utterances"]),
            "dev_loss": dev["loss"] / max(1, dev["utterances"]),
            "dev_cer": 100 * dev["errors"] / max(1, dev["labels"]),
            "learning_rate": rate,
            **self.describe(self.model),
        }
        self.records.append(record)
        self.log_dict({k: v for k, v in record.items() if isinstance(v, float)})
        epochs = self.trainer.max_epochs or epoch
        if epoch > epochs - self.training_settings.weight_average_epochs:
            self.average.add(self.model)
        for counts in (sums, self.dev):
            counts.update(dict.fromkeys(counts, 0.0))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save what Lightning does not know of."""
        checkpoint["schatten"] = {
            "records": self.records,
            "sums": self.sums,
            "first_losses": self.first_losses,
            "recent_loss": self.recent_loss,
            "average": self.average.state(),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        saved = checkpoint["schatten"]
        self.records, self.sums = saved["records"], saved["sums"]
        self.first_losses, self.recent_loss = saved["first_losses"], saved["recent_loss"]
        self.average = WeightAverage(**saved["average"])


def leading_blanks(training: Training, model: AcousticModel) -> int:
    """Return the output frames at an utterance's start in which training lets no label be."""
    return round(training.first_label_after / (FRAME_SHIFT_SECONDS * model.settings.stride))


def ctc_losses(
    log_probs: Tensor, lengths: Tensor, labels: list[Tensor], leading: int = 0
) -> Tensor:
    """Return the CTC loss (N,) of each utterance, summed over its frames, natural log.

    `log_probs` (N, T, V), `lengths` (N,), `labels` N vectors of unit indices. `leading`: only
    paths count whose first so many frames are blank; every utterance has more.
    """
    blanks = log_probs[:, :leading, 0].float().sum(1)
    losses = functional.ctc_loss(
        log_probs[:, leading:].transpose(0, 1).float(),
        torch.cat(labels).to(log_probs.device),
        lengths - leading,
        torch.tensor([len(one) for one in labels]),
        reduction="none",
    )
    return losses - blanks if leading else losses


def greedy_errors(log_probs: Tensor, lengths: Tensor, labels: list[Tensor]) -> int:
    """Return the edits between the labels of some utterances and what greedy decoding finds.

    `log_probs` (N, T, V), `lengths` (N,), `labels` N vectors of unit indices.
    """
    errors = 0
    for values, length, expected in zip(log_probs, lengths, labels, strict=True):
        best = values[:length].argmax(-1).unique_consecutive()
        errors += edit_distance(expected.tolist(), best[best != 0].tolist())["total"]
    return errors


def over_processes(values: list[float]) -> list[float]:
    """Return each value's sum over the training's processes."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return values
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    total = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(total)
    return [float(value) for value in total]


def seed_step(seed: int, *numbers: int) -> None:
    """Seed every random generator for one step, so that a resumed training draws the same.

    `numbers`: the step; of another process than the first, its rank too.
    """
    mixed = int(np.random.SeedSequence([seed, *numbers]).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)
    torch.manual_seed(mixed)


def _spec_augment(settings: SpecAugment | None) -> LhotseSpecAugment | None:
    if settings is None:
        return None
    return LhotseSpecAugment(
        time_warp_factor=settings.time_warp_factor or None,
        num_feature_masks=settings.num_feature_masks,
        features_mask_size=settings.features_mask_size,
        num_frame_masks=settings.num_frame_masks,
        frames_mask_size=settings.frames_mask_size,
        max_frames_mask_fraction=settings.max_frames_mask_fraction,
        p=settings.p,
    )
