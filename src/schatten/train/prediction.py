"""How sparse a rising threshold will make each matrix: known before the training begins.

Narang et al. (2017) choose the slopes of the threshold from q, a percentile of a trained model's
magnitudes. The last threshold then follows in closed form, and so does the sparsity, as far as the
pruned model's magnitudes are distributed like those of the reference.
"""

from collections.abc import Iterator
from pathlib import Path

from schatten import models
from schatten.compress.sparsity import prunable
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.pruning import ThresholdPruning
from schatten.recipe.steps import Train
from schatten.train.steps import read_history
from schatten.train.techniques.threshold_pruning import predicted, ramps_of


def predict(recipe: Recipe, system: str, reference: Path) -> Iterator[str]:
    """Yield lines on the thresholds of a system, and the sparsity that each matrix will have.

    Errors: `UserError` for a system without such thresholds, and a reference that cannot be read.
    """
    settings, epochs = _pruning(recipe, system)
    model = models.load(reference)
    steps = read_history(reference).epochs[0].steps
    if not steps:
        raise UserError(f"{reference} has no record of its steps: train it again")
    ramps = ramps_of(model, settings, epochs, steps)
    yield f"{system}: {epochs} epochs of {steps} steps, percentile {settings.percentile:g}"
    for recurrent, ramp in ramps.items():
        kind = "recurrent matrices" if recurrent else "other matrices"
        yield (
            f"{kind}: q {ramp.q:.5f}; from step {ramp.start}, faster from {ramp.ramp}, to "
            f"{ramp.end}; last threshold {ramp.last:.5f}"
        )
    found = predicted(model, ramps, settings.block)
    sizes = {name: one.blocks(settings.block) for name, one in prunable(model.bank).items()}
    width = max(map(len, ["all", *found]))
    yield f"{'matrix':{width}}  zeros (%)"
    for name, share in found.items():
        yield f"{name:{width}}  {100 * share:9.2f}"
    mean = sum(found[name] * size for name, size in sizes.items()) / sum(sizes.values())
    yield f"{'all':{width}}  {100 * mean:9.2f}"


def _pruning(recipe: Recipe, system: str) -> tuple[ThresholdPruning, int]:
    """Return the thresholds of a system's chain, and the epochs of the training that has them."""
    seed = recipe.system(system).seeds[0]
    for node in recipe.nodes(system, seed):
        if isinstance(node.step, Train):
            for entry in node.step.techniques:
                if entry.threshold_pruning is not None:
                    return entry.threshold_pruning, node.step.epochs_in(node)
    raise UserError(f"{system} is not pruned by thresholds: give it `threshold_pruning`")
