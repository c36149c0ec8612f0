"""Learning curves: systems that differ in the hours that they are trained on."""

from schatten.recipe import Recipe
from schatten.recipe.chain import Node


def hours_of(node: Node) -> float | None:
    """Return the hours that a node's first training is limited to; None: the whole split."""
    step = node.start.step
    training = getattr(step, "training_in", None)
    return None if training is None else training(node.start).hours


def has_learning_curve(recipe: Recipe) -> bool:
    """Tell whether systems are trained on several numbers of hours."""
    names = (system.training for system in recipe.systems.values())
    return len({recipe.trainings[name].hours for name in names}) > 1
