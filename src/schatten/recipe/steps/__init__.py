"""The steps of chains. Each is a class with all that the workflow and the records need.

A new step needs a module here, a key in `chain.ChainEntry`, a rule in `rules/train.smk` like those
of the other steps, and a verb.
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
