"""Unit errors of a trained model right after truncation, by rank rule, at equal size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from schatten import models
from schatten.features.store import read_features
from schatten.models import AcousticModel
from schatten.recipe.ranks import ParameterBudget, ParameterTarget, Rank
from schatten.recipe.training import Training
from schatten.train.calibration import input_moments
from schatten.train.data import scoring_loader
from schatten.train.objectives.ctc import greedy_errors
from schatten.train.targets import Targets
from schatten.train.truncation import truncated


@dataclass(frozen=True)
class TruncatedModel:
    """A model at a rule: its size, and its unit error rate on a split, greedy, in percent."""

    rule: str
    parameters: int
    error_rate: float


def errors_by_rank_rule(
    source: Path,
    factorization: str,
    sizes: list[int],
    cuts: tuple[Path, Path],
    training: Training,
    targets: Targets,
) -> Iterator[TruncatedModel]:
    """Yield the model of `source` whole, then at each of `sizes` by each rule.

    `cuts`: training speech, on which inputs are measured, and the speech that is recognised.
    """
    train, scored = cuts
    whole = models.load(source)
    rate = _error_rate(whole, targets, scored, training)
    yield TruncatedModel("whole", whole.parameters_at_inference(), rate)
    moments = input_moments(whole, train, training)
    for size in sizes:
        for rule in _rules(size):
            given = moments if rule.activations else None
            small = truncated(models.load(source), rule, factorization, source, given)
            rate = _error_rate(small.eval(), targets, scored, training)
            yield TruncatedModel(rule.label, small.parameters_at_inference(), rate)


def _rules(size: int) -> list[Rank]:
    return [
        rule
        for activations in (False, True)
        for rule in (
            ParameterTarget(parameters=size, activations=activations),
            ParameterBudget(budget=size, activations=activations),
        )
    ]


def _error_rate(model: AcousticModel, targets: Targets, cuts: Path, training: Training) -> float:
    errors, count = 0, 0
    loader = scoring_loader(read_features(cuts), targets, training.batch_seconds)
    with torch.inference_mode():
        for batch in loader:
            log_probs, lengths = model(batch.features, batch.lengths)
            errors += greedy_errors(log_probs, lengths, batch.labels, model.units)
            count += sum(len(labels) for labels in batch.labels)
    return 100 * errors / count
