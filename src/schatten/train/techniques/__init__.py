"""What a system does beyond CTC: a technique is a module with one class of one signature.

It is made of its settings in the recipe and turns the loss of every batch into what is minimised.
The next one is a module here, its key in `System`, a line in `of`, and its name in the figures'
techniques.
"""

from pathlib import Path

from schatten.recipe.techniques import Distillation, Penalty
from schatten.train.techniques.base import Step, Technique
from schatten.train.techniques.distillation import Distilled
from schatten.train.techniques.penalties import Penalised

__all__ = ["Step", "Technique", "of"]


def of(
    penalty: Penalty, distillation: Distillation | None = None, teacher: Path | None = None
) -> list[Technique]:
    """Return the techniques of a training, in the order in which they act.

    `teacher`: the model that a distilled system learns from.
    """
    found: list[Technique] = []
    if distillation is not None and teacher is not None:
        found.append(Distilled(distillation, teacher))
    if penalty.type != "none":
        found.append(Penalised(penalty))
    return found
