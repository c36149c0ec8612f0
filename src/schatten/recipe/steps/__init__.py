"""The steps of chains: a class each, which says all that the workflow and the records need of it.

A new step is a module here, its key in `chain.ChainEntry`, a rule of the one pattern in
`rules/train.smk`, and its verb.
"""

from schatten.recipe.steps.base import (
    Features,
    Given,
    Hypotheses,
    Model,
    Need,
    Spellings,
    Statistics,
    Step,
    TrainingStep,
    settings_of,
)
from schatten.recipe.steps.prune import Prune
from schatten.recipe.steps.quantize import Quantize
from schatten.recipe.steps.remove_units import RemoveUnits
from schatten.recipe.steps.sequence import Adapt, Recognition, Sequence
from schatten.recipe.steps.train import Train
from schatten.recipe.steps.truncate import Truncate

__all__ = [
    "Adapt",
    "Features",
    "Given",
    "Hypotheses",
    "Model",
    "Need",
    "Prune",
    "Quantize",
    "Recognition",
    "RemoveUnits",
    "Sequence",
    "Spellings",
    "Statistics",
    "Step",
    "Train",
    "TrainingStep",
    "Truncate",
    "settings_of",
]
