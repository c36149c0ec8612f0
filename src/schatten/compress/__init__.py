"""Low-rank compression: torch in, torch out, nothing of the workflow.

A large matrix is a `Weight`: dense, or a product U V. A `WeightBank` holds a model's weights and
forms the matrices its layers ask for, whichever way the gates are factored together.
"""

from schatten.compress.bank import Piece, WeightBank
from schatten.compress.penalty import l2_penalty, trace_norm_penalty
from schatten.compress.spectrum import nu, rank_for_variance, singular_values, trace_norm
from schatten.compress.truncate import (
    factor,
    truncate_to_parameters,
    truncate_to_rank,
    truncate_to_variance,
)
from schatten.compress.weight import Weight

__all__ = [
    "Piece",
    "Weight",
    "WeightBank",
    "factor",
    "l2_penalty",
    "nu",
    "rank_for_variance",
    "singular_values",
    "trace_norm",
    "trace_norm_penalty",
    "truncate_to_parameters",
    "truncate_to_rank",
    "truncate_to_variance",
]
