"""Low rank, sparsity and quantization of PyTorch modules; nothing here depends on the workflow.

A large matrix is a `Weight`. Its `Form` says how it is stored: dense or as factors U V, each with
or without a mask of zeros. A `WeightBank` holds the weights of a model. A layer asks it for a
matrix by name, whichever way the weights are factored.
"""

from schatten.compress.activations import SecondMoment
from schatten.compress.bank import Factorization, Matrix, Piece, WeightBank
from schatten.compress.forms import Dense, Factored, Form, Masked, MaskedFactors
from schatten.compress.layers import LowRankConv, LowRankLinear
from schatten.compress.modules import LowRankRnn, project_lstm
from schatten.compress.penalty import group_lasso_penalty, l2_penalty, trace_norm_penalty
from schatten.compress.projection import projection_spectrum, share_projection
from schatten.compress.quantize import (
    Codes,
    quantized_frames,
    quantized_product,
    quantized_rows,
)
from schatten.compress.ranks import (
    Spectrum,
    ranks_below_variance,
    ranks_for_budget,
    ranks_for_parameters,
    ranks_for_variance,
)
from schatten.compress.rnn_units import (
    READER,
    remove_rnn_units,
    rnn_matrices,
    rnn_unit_groups,
)
from schatten.compress.schedules import CubicRamp, ThresholdRamp
from schatten.compress.sparsity import (
    apply_masks,
    block_scores,
    blocks_above,
    blocks_at,
    int8_bytes,
    prunable,
    refit,
    set_masks,
    sparsities,
    sparsity_for_bytes,
    sparsity_for_entries,
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
from schatten.compress.units import UnitGroup, unit_lasso_penalty, unit_scores
from schatten.compress.walk import (
    bank_of,
    compress,
    input_moments,
    layers_of,
    low_rank,
    size_of,
    to_torch,
)
from schatten.compress.weight import Weight

__all__ = [
    "READER",
    "Codes",
    "CubicRamp",
    "Dense",
    "Factored",
    "Factorization",
    "Form",
    "LowRankConv",
    "LowRankLinear",
    "LowRankRnn",
    "Masked",
    "MaskedFactors",
    "Matrix",
    "Piece",
    "SecondMoment",
    "Spectrum",
    "ThresholdRamp",
    "UnitGroup",
    "Weight",
    "WeightBank",
    "apply_masks",
    "bank_of",
    "block_scores",
    "blocks_above",
    "blocks_at",
    "compress",
    "factor",
    "factor_fully",
    "group_lasso_penalty",
    "input_moments",
    "int8_bytes",
    "l2_penalty",
    "layers_of",
    "low_rank",
    "nu",
    "project_lstm",
    "projection_spectrum",
    "prunable",
    "quantized_frames",
    "quantized_product",
    "quantized_rows",
    "rank_below_variance",
    "rank_for_variance",
    "ranks_below_variance",
    "ranks_for_budget",
    "ranks_for_parameters",
    "ranks_for_variance",
    "refit",
    "remove_rnn_units",
    "rnn_matrices",
    "rnn_unit_groups",
    "set_masks",
    "share_projection",
    "singular_values",
    "size_of",
    "sparsities",
    "sparsity_for_bytes",
    "sparsity_for_entries",
    "spectra_of",
    "to_torch",
    "trace_norm",
    "trace_norm_penalty",
    "truncate",
    "truncate_below_variance",
    "truncate_to_budget",
    "truncate_to_parameters",
    "truncate_to_rank",
    "truncate_to_variance",
    "unit_lasso_penalty",
    "unit_scores",
]
