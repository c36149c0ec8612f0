"""The training loop: from a model to a trained model, for every step of a chain that trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from schatten.artifacts import TrainedOn
from schatten.errors import UserError
from schatten.models import AcousticModel, save
from schatten.models.products import round_products
from schatten.recipe.training import Training
from schatten.runtime.launch import place
from schatten.runtime.progress import report
from schatten.train.accumulation import one_by_one
from schatten.train.averaging import WeightAverage
from schatten.train.evaluation import evaluate
from schatten.train.fabric import Fabric, over_processes, quiet, started
from schatten.train.objectives import Objective
from schatten.train.progress import TrainingProgress, line
from schatten.train.randomness import Augmentation, seed_step
from schatten.train.schedule import Schedule
from schatten.train.speech import Speech
from schatten.train.state import Checkpoints, Part, epoch_model
from schatten.train.targets import Targets
from schatten.train.techniques import ParameterGroup, Step, Technique


@dataclass(frozen=True)
class Plan:
    """Everything that determines a training, besides the model."""

    training: Training
    objective: Objective
    techniques: Sequence[Technique]
    """Techniques in the order in which they act."""
    schedule: Schedule
    epochs: int
    seed: int
    cuts: tuple[Path, Path]
    """Cuts of train and dev, with features."""
    targets: Targets
    """What their texts should write."""
    keep_epochs: tuple[int, ...] = ()
    """Epochs whose models are kept, in the state folder."""


class Course(NamedTuple):
    """What a training went through, all its runs together."""

    records: list[dict[str, Any]]
    """A record for each epoch."""
    points: list[dict[str, Any]]
    """Points of its curves, as `schatten.artifacts.Point` says."""
    seconds: float
    trained_on: TrainedOn | None
    """The part of the training split; None: all of it."""


def train(model: AcousticModel, plan: Plan, state: Path, loaders: int = 0) -> Course:
    """Train `model` in place, from the checkpoint in `state` where there is one.

    Returns what it went through, all its runs together. `loaders` processes read features ahead.

    Its modules keep the mode that they come in: one that is in evaluation mode is trained in it.
    """
    training, techniques, objective = plan.training, plan.techniques, plan.objective
    set_up_torch(training)
    progress, average = TrainingProgress(), WeightAverage()
    speech = Speech(plan.cuts, model, plan.targets, training, objective, plan.seed, loaders)
    augment = Augmentation(training.spec_augment)
    for technique in techniques:
        technique.prepare(model)
    groups = parameter_groups(model, techniques)
    adam = _optimizer(groups, training)

    with started(training.precision) as fabric:
        parallel, optimizer = fabric.setup(model, adam)
        parts = _parts(fabric, model, adam, techniques, average, progress)
        checkpoints = Checkpoints(state, parts, plan.keep_epochs, lambda: progress.far(plan.epochs))
        checkpoints.resume()
        _require_one_step(progress, state)

        for epoch in range(progress.epoch, plan.epochs):
            for batch in speech.batches(epoch, progress.steps_of_epoch):
                pieces = [piece.moved(fabric.to_device) for piece in batch]
                seed_step(plan.seed, progress.step, *_rank())
                done = epoch + progress.seconds_of_epoch / speech.epoch_seconds
                count = speech.steps_per_epoch
                step = Step(progress.step, done, plan.epochs, model, pieces[0], count)
                for technique in techniques:
                    technique.before_step(step)
                for group, own in zip(adam.param_groups, groups, strict=True):
                    group["lr"] = own.share(step.number) * plan.schedule(step.number, step.epoch)

                optimizer.zero_grad()
                losses = [
                    _backward(fabric, parallel, plan, augment, step)
                    for step.batch in one_by_one(fabric, parallel, pieces)
                ]
                progress.count(torch.cat(losses), pieces)
                fabric.clip_gradients(
                    parallel, adam, max_norm=training.gradient_clip, error_if_nonfinite=False
                )
                optimizer.step()
                for technique in techniques:
                    technique.after_step(step)
                progress.end_step(speech.epoch_seconds, adam.param_groups[0]["lr"])
                _report(progress, plan, speech)
                if progress.step % training.checkpoint_steps == 0:
                    checkpoints.save()

            dev = evaluate(fabric, model, objective.on_dev(), speech.dev_batches())
            measures = {"learning_rate": adam.param_groups[0]["lr"], **_measured(techniques, model)}
            record = progress.end_epoch(dev | measures)
            print(line(record, plan.epochs, plan.targets.error_rate), flush=True)
            if progress.epoch > plan.epochs - training.weight_average_epochs:
                average.add(model)
            if progress.epoch in plan.keep_epochs and fabric.is_global_zero:
                save(model, epoch_model(state / "model.pt", progress.epoch))
            checkpoints.save()

    model.cpu()
    average.apply(model)
    for technique in techniques:
        technique.finish(model)
    return Course(progress.records, progress.points.listed(), progress.elapsed, speech.trained_on)


def parameter_groups(model: AcousticModel, techniques: Sequence[Technique]) -> list[ParameterGroup]:
    """Return the parameters that no technique claims, then the groups of the techniques.

    The norm of the gradient is summed in this order, so it must not change.
    """
    taken: set[int] = set()
    groups = []
    for group in (one for technique in techniques for one in technique.groups(model)):
        own = []
        for parameter in group.parameters:
            if id(parameter) not in taken:
                taken.add(id(parameter))
                own.append(parameter)
        if own:
            groups.append(ParameterGroup(own, group.share))
    others = [one for one in model.parameters() if id(one) not in taken]
    return [ParameterGroup(others, lambda step: 1.0), *groups]


def _optimizer(groups: list[ParameterGroup], training: Training) -> torch.optim.Adam:
    """Return Adam; the loop sets the rate of each group at every step."""
    parameters = [{"params": group.parameters} for group in groups]
    fused = training.precision == "32"  # in mixed precision Fabric cannot clip for it
    return torch.optim.Adam(parameters, training.learning_rate, betas=(0.9, 0.98), fused=fused)


def set_up_torch(training: Training) -> None:
    """Make torch repeatable: threads, deterministic algorithms, the precision of products."""
    quiet()
    torch.set_num_threads(training.torch_threads)
    round_products(training.products == "bf16")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _parts(
    fabric: Fabric,
    model: AcousticModel,
    adam: torch.optim.Adam,
    techniques: Sequence[Technique],
    average: WeightAverage,
    progress: TrainingProgress,
) -> dict[str, Part]:
    """Return the parts of a checkpoint."""

    def restore(states: list[dict[str, Any]]) -> None:
        for technique, state in zip(techniques, states, strict=True):
            technique.restore(state)

    precision = fabric.strategy.precision
    return {
        "model": (model.state_dict, model.load_state_dict),
        "optimizer": (adam.state_dict, adam.load_state_dict),
        "precision": (precision.state_dict, precision.load_state_dict),
        "average": (average.state, average.restore),
        "progress": (progress.state, progress.restore),
        "techniques": (lambda: [technique.state() for technique in techniques], restore),
    }


def _require_one_step(progress: TrainingProgress, state: Path) -> None:
    """Refuse processes that go on from different checkpoints: each would wait for the others."""
    (total,) = over_processes([progress.step])
    if total != progress.step * place().count:
        raise UserError(
            f"the processes read different checkpoints in {state}: run again once every node sees "
            "the same files there"
        )


def _rank() -> list[int]:
    """Return a process's rank, if it is not the first one: its random draws then differ."""
    return [place().rank] if place().rank else []


def _backward(
    fabric: Fabric, parallel: Any, plan: Plan, augment: Augmentation, step: Step
) -> Tensor:
    """Add the gradients of a step's share of its batch; return the losses (N,) of the objective."""
    with fabric.autocast():
        step.log_probs, step.lengths = parallel(augment(step.batch), step.batch.lengths)
        losses = _losses(plan.objective, step)
        loss = step.batch.averaged(losses.sum())
        for technique in plan.techniques:
            loss = technique.loss(loss, step)
    pieces = step.batch.shares // place().count
    fabric.backward(loss / pieces)
    return losses.detach()


def _losses(objective: Objective, step: Step) -> Tensor:
    """Return the losses (N,) of a batch; a zero if this process's share is empty."""
    if not step.batch.labels:
        return 0.0 * step.log_probs.sum()[None]
    return objective.losses(step.log_probs, step.lengths, step.batch)


def _report(progress: TrainingProgress, plan: Plan, speech: Speech) -> None:
    """Report the loss and the audio seen of the epoch, in seconds."""
    report(
        "train",
        batch=round(progress.seconds_of_epoch),
        batches=round(speech.epoch_seconds),
        epoch=progress.epoch + 1,
        epochs=plan.epochs,
        loss=round(progress.recent_loss, 2),
    )


def _measured(techniques: Sequence[Technique], model: AcousticModel) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for technique in techniques:
        found |= technique.measure(model)
    return found
