"""Truncating a trained model by a rank rule of the recipe."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from schatten import compress
from schatten.compress import Spectrum
from schatten.compress.truncate import Moments
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.models.lstm import LstmModel
from schatten.models.projection import project, projection_spectra
from schatten.recipe.ranks import FixedRank, FixedRanks, ParameterBudget, Rank, VarianceShare


def truncated(
    model: AcousticModel,
    rule: Rank,
    factorization: str,
    source: Path,
    moments: Moments | None = None,
) -> AcousticModel:
    """Return `model`, read from `source`, with its matrices at the ranks that a rule gives.

    `moments` of the inputs weigh the errors. A rule that cannot be met is a `UserError`.
    """
    is_projection = factorization == "projection"
    spectra = (
        projection_spectra(cast(LstmModel, model), moments)
        if is_projection
        else compress.spectra_of(model.bank, moments)
    )
    try:
        ranks = ranks_of(rule, spectra, _others(model, is_projection))
    except ValueError as error:
        raise UserError(f"{source} cannot be cut to {rule.label}: {error}") from None
    if is_projection:
        return project(cast(LstmModel, model), ranks, moments)
    compress.truncate(model.bank, ranks, moments)
    return model


def ranks_of(rule: Rank, spectra: Mapping[str, Spectrum], others: int) -> dict[str, int]:
    """Return the rank of each matrix; the model has `others` parameters outside of them.

    Raises `ValueError` if the rule cannot be met.
    """
    if isinstance(rule, VarianceShare):
        reach = rule.rule == "reach"
        choose = compress.ranks_for_variance if reach else compress.ranks_below_variance
        return choose(spectra, rule.tau)
    if isinstance(rule, FixedRank | FixedRanks):
        given = [rule.rank] * len(spectra) if isinstance(rule, FixedRank) else rule.ranks
        if len(given) != len(spectra):
            raise ValueError(
                f"{len(given)} ranks for {len(spectra)} matrices: {', '.join(spectra)}"
            )
        pairs = zip(spectra.items(), given, strict=True)
        return {name: min(rank, len(one.values)) for (name, one), rank in pairs}
    if isinstance(rule, ParameterBudget):
        return compress.ranks_for_budget(spectra, rule.budget - others)
    return compress.ranks_for_parameters(spectra, rule.parameters - others)[0]


def _others(model: AcousticModel, is_projection: bool) -> int:
    """Count the parameters at inference that do not depend on ranks."""
    if is_projection:
        first = model.bank.form()["lstm0.nonrec"].numel()
        biases = sum(bias.numel() for bias in cast(LstmModel, model).biases)
        return first + biases + len(model.units)
    return model.parameters_at_inference() - model.bank.parameters_stored
