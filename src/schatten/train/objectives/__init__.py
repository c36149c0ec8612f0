"""What a training minimises, before techniques: an objective is one module with one class.

One of your own is a Python file anywhere (docs/how_to/add_an_objective.md).
"""

from collections.abc import Mapping
from pathlib import Path

from schatten.models import AcousticModel
from schatten.recipe.objectives import ObjectiveEntry
from schatten.recipe.steps import Sequence
from schatten.recipe.training import Training
from schatten.train.graph_loss import losses_of
from schatten.train.hypotheses import Comparisons
from schatten.train.objectives.base import Objective
from schatten.train.objectives.ctc import Ctc, leading_blanks
from schatten.train.objectives.sequence import OverHypotheses
from schatten.train.own_code import make_own
from schatten.train.targets import Targets

__all__ = ["Ctc", "Objective", "OverHypotheses", "make", "make_sequence"]


def make(
    training: Training, model: AcousticModel, entry: ObjectiveEntry | None = None
) -> Objective:
    """Return the objective of a training: CTC, with the blanks that it asks for at the start.

    An objective of one's own is given its settings and that CTC, which it may build on.
    """
    backend = "torch" if entry is None or entry.ctc is None else entry.ctc.graphs
    ctc = Ctc(model.units, leading_blanks(training, model), losses_of(backend))
    if entry is None or entry.own is None:
        return ctc
    return make_own(entry.own, Objective, ctc)  # type: ignore[type-abstract]


def make_sequence(
    step: Sequence,
    training: Training,
    model: AcousticModel,
    targets: Targets,
    inputs: Mapping[str, Path],
) -> Objective:
    """Return the objective of a step `sequence` or `adapt`: its criterion beside CTC, or CTC alone.

    `inputs["hypotheses"]`: what the model before it recognises in the training speech.
    """
    ctc = make(training, model)
    assert isinstance(ctc, Ctc)
    if not step.reads_hypotheses:
        return ctc
    compared = Comparisons(inputs["hypotheses"], step, targets.spelled)
    return OverHypotheses(ctc, step, compared.of)
