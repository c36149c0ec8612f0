"""Low-rank compression: torch in, torch out, nothing of the workflow.

A large matrix is a `Weight`, whose `Form` says how it is stored: dense, or as U V. A `WeightBank`
holds a model's weights. It makes the matrices its layers ask for, however they are factored.
"""

from schatten.compress.activations import SecondMoment
from schatten.compress.bank import Factorization, Matrix, Piece, WeightBank
from schatten.compress.forms import Dense, Factored, Form
from schatten.compress.modules import LowRankRnn, project_lstm
from schatten.compress.penalty import l2_penalty, trace_norm_penalty
from schatten.compress.projection import projection_spectrum, share_projection
from schatten.compress.ranks import (
    Spectrum,
    ranks_below_variance,
    ranks_for_budget,
    ranks_for_parameters,
    ranks_for_variance,
)
from schatten.compress.spectrum import (
    nu,
    rank_below_variance,
    rank_for_variance,
    singular_values,
    trace_norm,
)
from schatten.compress.truncate import (
    factor,
    factor_fully,
    spectra_of,
    truncate,
    truncate_below_variance,
    truncate_to_budget,
    truncate_to_parameters,
    truncate_to_rank,
    truncate_to_variance,
)
from schatten.compress.weight import Weight

__all__ = [
    "Dense",
    "Factored",
    "Factorization",
    "Form",
    "LowRankRnn",
    "Matrix",
    "Piece",
    "SecondMoment",
    "Spectrum",
    "Weight",
    "WeightBank",
    "factor",
    "factor_fully",
    "l2_penalty",
    "nu",
    "project_lstm",
    "projection_spectrum",
    "rank_below_variance",
    "rank_for_variance",
    "ranks_below_variance",
    "ranks_for_budget",
    "ranks_for_parameters",
    "ranks_for_variance",
    "share_projection",
    "singular_values",
    "spectra_of",
    "trace_norm",
    "trace_norm_penalty",
    "truncate",
    "truncate_below_variance",
    "truncate_to_budget",
    "truncate_to_parameters",
    "truncate_to_rank",
    "truncate_to_variance",
]
