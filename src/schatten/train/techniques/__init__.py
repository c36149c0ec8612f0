"""What a training does beyond its objective: a technique is one module with one class.

The module has the name of the technique's key in the recipe. The settings are in
`recipe/techniques.py`. A new technique touches only these two files. A technique of your own is a
Python file anywhere (docs/how_to/add_a_technique.md).
"""

from importlib import import_module

from schatten.recipe.techniques import OwnCode, TechniqueEntry, Techniques
from schatten.train.own_code import class_of, make_own
from schatten.train.techniques.base import Context, ParameterGroup, Step, Technique
from schatten.train.techniques.factors import FactorRate
from schatten.train.techniques.spectra import Spectra

__all__ = ["Context", "ParameterGroup", "Step", "Technique", "make"]


def make(entries: Techniques, context: Context) -> list[Technique]:
    """Return the techniques of a training, in the order in which they act.

    The techniques of every training come last. Factors that no technique claims get the full
    learning rate. If the schedule of an earlier training continues, they get the same share as
    there.
    """
    found = [_one(entry, context) for entry in entries]
    ratio = context.training.factor_learning_rate_ratio if context.continues else 1.0
    return [*found, FactorRate(ratio), Spectra()]


def _one(entry: TechniqueEntry, context: Context) -> Technique:
    if isinstance(entry.settings, OwnCode):
        return make_own(entry.settings, Technique, context)
    module = import_module(f"schatten.train.techniques.{entry.name}")
    return class_of(module, Technique)(entry.settings, context)  # type: ignore[call-arg]
