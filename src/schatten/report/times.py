"""Times of training: seconds per epoch and epochs to convergence by penalty, stage 2 by rank.

Trainings that differ in lambda or seed alone are one line. What it says depends on the machine and
on what else ran there, so it is no part of what two runs share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from schatten.artifacts import History
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, line, number, words

CONVERGED = 1.02
"""A training has converged at the first epoch whose dev CER is at most so many times its best."""


@dataclass(frozen=True)
class Group:
    """Trainings of a stage that differ in lambda or seed alone."""

    stage: str
    models: tuple[Trained, ...]
    unpenalised: float | None
    """Seconds per epoch of stage 1 of the same model on as much audio an epoch, no penalty."""

    @property
    def first(self) -> Trained:
        """Any of them: what they share."""
        return self.models[0]

    @property
    def histories(self) -> list[History]:
        """What became of them in this stage."""
        return [m.stage1 if self.stage == "stage 1" else m.history for m in self.models]

    @property
    def seconds_per_epoch(self) -> float:
        """The mean over the trainings."""
        return fmean(history.seconds_per_epoch or 0.0 for history in self.histories)

    @property
    def epochs_to_convergence(self) -> float:
        """The mean over the trainings."""
        return fmean(epochs_to_convergence(history) for history in self.histories)

    @property
    def faster(self) -> float | None:
        """How many times an epoch of stage 1 of the same trainings takes."""
        if self.stage == "stage 1" or not self.seconds_per_epoch:
            return None
        stage1 = fmean(model.stage1.seconds_per_epoch or 0.0 for model in self.models)
        return stage1 / self.seconds_per_epoch


def epochs_to_convergence(history: History) -> int:
    """Return the first epoch, from 1, whose dev CER is nearly that of the best epoch."""
    rates = [epoch.dev_cer for epoch in history.epochs]
    return next(n for n, rate in enumerate(rates, start=1) if rate <= CONVERGED * min(rates))


def times_table(experiment: Experiment) -> Table[Group]:
    """Return a line for each kind of training: stage 1 first."""
    columns = _columns()
    groups = [*_stage1(experiment), *_stage2(experiment.models)]
    return Table("Times of training", columns, tuple(line(columns, group) for group in groups))


def _stage1(experiment: Experiment) -> list[Group]:
    def work(model: Trained) -> tuple[str, int]:
        training = experiment.recipe.trainings[model.system.training]
        return model.system.model, training.epoch_parts

    found: dict[tuple[str, ...], list[Trained]] = {}
    for model in experiment.stage1_models:
        found.setdefault(_kind(model), []).append(model)
    plain = {
        work(group[0]): fmean(model.stage1.seconds_per_epoch or 0.0 for model in group)
        for group in reversed(found.values())
        if group[0].system.penalty.type == "none"
    }
    groups = found.values()
    return [Group("stage 1", tuple(group), plain.get(work(group[0]))) for group in groups]


def _stage2(models: Sequence[Trained]) -> list[Group]:
    found: dict[tuple[str, ...], list[Trained]] = {}
    for model in models:
        if model.is_compressed and model.history.epochs:
            found.setdefault((*_kind(model), model.row.rank), []).append(model)
    return [Group("stage 2", tuple(group), None) for group in found.values()]


def _kind(model: Trained) -> tuple[str, ...]:
    system = model.system
    return system.model, system.training, system.penalty.type, system.factorization


def _columns() -> tuple[Column[Group], ...]:
    return (
        words("stage", "stage", lambda g: g.stage),
        words("model", "model", lambda g: g.first.system.model),
        words("training", "training", lambda g: g.first.system.training),
        words("penalty", "penalty", lambda g: g.first.system.penalty.type),
        words("factors", "factorization", lambda g: g.first.system.factorization),
        words("rank", "rank", lambda g: g.first.row.rank),
        words("trainings", "trainings", lambda g: len(g.models)),
        number("params (M)", "parameters", _parameters, digits=3, scale=1e-6),
        number("s per epoch", "seconds_per_epoch", lambda g: g.seconds_per_epoch, digits=1),
        number("of unpenalised", "of_unpenalised", _of_unpenalised),
        number("faster than stage 1", "faster_than_stage1", lambda g: g.faster),
        number("epochs to convergence", "epochs", lambda g: g.epochs_to_convergence, digits=1),
        number(
            "s to convergence",
            "seconds",
            lambda g: g.epochs_to_convergence * g.seconds_per_epoch,
            digits=0,
        ),
    )


def _parameters(group: Group) -> float:
    return fmean(history.parameters for history in group.histories)


def _of_unpenalised(group: Group) -> float | None:
    return group.seconds_per_epoch / group.unpenalised if group.unpenalised else None
