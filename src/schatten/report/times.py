"""Times of training: seconds per epoch and epochs to convergence by penalty, stage 2 by rank.

Trainings that differ only in lambda or seed share a line. Times depend on the machine and on what
else runs there, so they differ between two runs of an experiment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from schatten.artifacts import History
from schatten.recipe.rates import names_units
from schatten.recipe.steps import TrainingStep
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, line, number, words

CONVERGED = 1.02
"""A training has converged at the first epoch whose error rate on dev is at most this times its
best."""


@dataclass(frozen=True)
class TrainingTimes:
    """Trainings of one step that differ only in lambda or seed."""

    models: tuple[Trained, ...]
    unpenalised: float | None
    """Seconds per epoch of first trainings without a penalty, of the same model on as much
    audio."""

    @property
    def first(self) -> Trained:
        """One of the trainings, for everything that they share."""
        return self.models[0]

    @property
    def seconds_per_epoch(self) -> float:
        """The mean over the trainings."""
        return fmean(model.history.seconds_per_epoch or 0.0 for model in self.models)

    @property
    def epochs_to_convergence(self) -> float:
        """The mean over the trainings."""
        return fmean(epochs_to_convergence(model.history) for model in self.models)

    @property
    def faster(self) -> float | None:
        """How many times longer an epoch of the first training of the same chains takes."""
        if self.first.node.parent is None or not self.seconds_per_epoch:
            return None
        first = fmean(model.stage1.seconds_per_epoch or 0.0 for model in self.models)
        return first / self.seconds_per_epoch


def epochs_to_convergence(history: History) -> int:
    """Return the first epoch, from 1, whose error rate on dev is nearly the best."""
    rates = [epoch.dev_cer for epoch in history.epochs]
    return next(n for n, rate in enumerate(rates, start=1) if rate <= CONVERGED * min(rates))


def times_table(experiment: Experiment) -> Table[TrainingTimes]:
    """Return a line for each kind of training: the first ones of their chains first."""
    columns = _columns(experiment)
    groups = [*_first_trainings(experiment), *_later_trainings(experiment.models)]
    return Table("Times of training", columns, tuple(line(columns, group) for group in groups))


def _first_trainings(experiment: Experiment) -> list[TrainingTimes]:
    def work(model: Trained) -> tuple[str, str, int]:
        node = model.node
        assert isinstance(node.step, TrainingStep)
        return model.system.model, model.system.units, node.step.training_in(node).epoch_parts

    found: dict[tuple[str, ...], list[Trained]] = {}
    for model in experiment.stage1_models:
        found.setdefault(_kind(model), []).append(model)
    plain = {
        work(group[0]): fmean(model.history.seconds_per_epoch or 0.0 for model in group)
        for group in reversed(found.values())
        if group[0].system.regularizer.type == "none"
    }
    return [TrainingTimes(tuple(group), plain.get(work(group[0]))) for group in found.values()]


def _later_trainings(models: Sequence[Trained]) -> list[TrainingTimes]:
    found: dict[tuple[str, ...], list[Trained]] = {}
    for model in models:
        if model.node.parent is not None and model.history.epochs:
            found.setdefault((*_kind(model), model.node.folder), []).append(model)
    return [TrainingTimes(tuple(group), None) for group in found.values()]


def _kind(model: Trained) -> tuple[str, ...]:
    system = model.system
    return (
        system.model,
        system.units,
        _training_of(model),
        system.regularizer.type,
        system.factorization,
    )


def _training_of(model: Trained) -> str:
    """Return which of the recipe's trainings the step of a model follows."""
    own = model.node.step.training if isinstance(model.node.step, TrainingStep) else None
    return own or model.system.training


def _columns(experiment: Experiment) -> tuple[Column[TrainingTimes], ...]:
    units: Column[TrainingTimes] = words("units", "units", lambda g: g.first.system.units)
    return (
        words("step", "step", lambda g: g.first.node.spoken_name),
        words("model", "model", lambda g: g.first.system.model),
        *([units] if names_units(experiment.recipe) else []),
        words("training", "training", lambda g: _training_of(g.first)),
        words("penalty", "penalty", lambda g: g.first.system.regularizer.type),
        words("factors", "factorization", lambda g: g.first.system.factorization),
        words("rank", "rank", lambda g: g.first.node.label),
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


def _parameters(group: TrainingTimes) -> float:
    return fmean(model.history.parameters for model in group.models)


def _of_unpenalised(group: TrainingTimes) -> float | None:
    return group.seconds_per_epoch / group.unpenalised if group.unpenalised else None
