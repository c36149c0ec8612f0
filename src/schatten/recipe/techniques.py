"""The recipe's `techniques`: what a training does in addition to its objective.

This module has only the settings. The code of a technique is in `train/techniques/NAME.py`.
"""

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from schatten.errors import UserError
from schatten.recipe.base import Name, NotNegative, PositiveFloat, Settings, Share
from schatten.recipe.pruning import Lasso, Pruning, ThresholdPruning, UnitLasso


class Lambdas(Settings):
    """Strengths of a penalty. The CTC loss is summed over an utterance, averaged over the batch."""

    lambda_rec: NotNegative = 0.0
    """Strength for recurrent matrices."""
    lambda_nonrec: NotNegative = 0.0
    """Strength for the other large matrices."""


class Penalty(Settings):
    """The penalty of stage 1. The CTC loss is summed over an utterance, averaged over the batch."""

    type: Literal["none", "l2", "trace_norm"]
    """`l2`: (lambda/2) ‖W‖². `trace_norm`: W = U V and (lambda/2) (‖U‖² + ‖V‖²)."""
    lambda_rec: NotNegative = 0.0
    """Strength for recurrent matrices."""
    lambda_nonrec: NotNegative = 0.0
    """Strength for the other large matrices."""

    @model_validator(mode="after")
    def _strengths_match(self) -> "Penalty":
        if self.type == "none" and (self.lambda_rec or self.lambda_nonrec):
            raise ValueError("penalty none has no lambda: remove lambda_rec and lambda_nonrec")
        return self


class Distillation(Settings):
    """Learning also from the soft targets of a trained system, the teacher (Hinton et al., 2015).

    The loss is (1 - weight) CTC + weight t² KL(teacher ‖ student) at temperature t, frame by frame.
    """

    teacher: Name
    """The teacher: one of `systems`. Its stage 1 is trained first."""
    weight: Share = 0.5
    """Weight of the soft targets in the loss."""
    temperature: PositiveFloat = 1.0
    """Temperature: divides the log-probabilities of both models."""


class Initialise(Settings):
    """Initial weights from another system, whose model has the same shape."""

    system: Name
    """The other system: one of `systems`. Its first training runs first. Rows of the output layer
    are copied for units that both models have. Other units, such as grams, keep their initial
    weights."""


class Auxiliary(Settings):
    """A second output over other units during training. The trained model does not have it.

    The loss becomes CTC + weight CTC of the second output, as in joint Gram-CTC (Liu et al., 2017).
    """

    units: Literal["characters"] = "characters"
    """Units of the second output."""
    weight: PositiveFloat = 0.5
    """Weight of its loss."""


class OwnCode(Settings):
    """Code of your own in a Python file: a technique or an objective (docs/how_to)."""

    file: Path
    """The Python file. It defines one subclass of `Technique`, or of `Objective`."""
    settings: dict[str, Any] = {}
    """Settings that are passed to the class."""

    def sha256(self) -> str:
        """Return the SHA-256 of the file, so that training runs again after an edit.

        Errors: `UserError` if there is no such file.
        """
        if not self.file.is_file():
            raise UserError(f"{self.file} does not exist: name your Python file")
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


class TechniqueEntry(Settings):
    """One technique of a training: exactly one of these keys. Techniques act in their order."""

    l2: Lambdas | None = None
    """Adds (lambda/2) ‖W‖² of the large matrices to the loss."""
    trace_norm: Lambdas | None = None
    """Trains W = U V at full rank, and adds (lambda/2) (‖U‖² + ‖V‖²) to the loss."""
    distillation: Distillation | None = None
    """Learns also from the soft targets of a trained system."""
    initialise: Initialise | None = None
    """Starts from the weights of another system."""
    auxiliary: Auxiliary | None = None
    """Adds the loss of a second output over characters, which is removed at the end."""
    pruning: Pruning | None = None
    """Prunes the large matrices gradually, to an exact sparsity, count or size."""
    threshold_pruning: ThresholdPruning | None = None
    """Prunes the large matrices gradually, by a rising threshold."""
    lasso: Lasso | None = None
    """Adds lambda ‖W‖₁ of the large matrices to the loss, or group lasso over blocks."""
    unit_lasso: UnitLasso | None = None
    """Adds group lasso over whole units to the loss."""
    own: OwnCode | None = None
    """A technique of your own, from a Python file."""

    @model_validator(mode="after")
    def _one_technique(self) -> "TechniqueEntry":
        if len(self.model_fields_set) != 1 or self.settings is None:
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"give one technique an entry, of: {known}")
        return self

    @property
    def name(self) -> str:
        """The key of the technique."""
        return next(iter(self.model_fields_set))

    @property
    def settings(self) -> Settings:
        """The settings of the technique."""
        found: Settings = getattr(self, self.name)
        return found

    @property
    def prunes(self) -> bool:
        """Whether it sets weights of large matrices to zero."""
        return self.name in ("pruning", "threshold_pruning")

    @property
    def spoken(self) -> str:
        """Its name in tables: the file of own code, the target of pruning, or its key."""
        if self.own is not None:
            return self.own.file.stem
        if self.pruning is not None:
            return f"pruning to {self.pruning.target_spoken}"
        return self.name.replace("_", " ")

    def plain(self) -> dict[str, Any]:
        """Return the entry as JSON; for own code also the SHA-256 of its file."""
        content = self.settings.model_dump(mode="json")
        if isinstance(self.settings, OwnCode):
            content["sha256"] = self.settings.sha256()
        return {self.name: content}


Techniques = tuple[TechniqueEntry, ...]


def penalty_of(techniques: Techniques) -> Penalty:
    """Return the first penalty in a list of techniques; the penalty `none` if there is none."""
    for entry in techniques:
        if entry.name in ("l2", "trace_norm"):
            return Penalty(type=entry.name, **entry.settings.model_dump())  # type: ignore[arg-type]
    return Penalty(type="none")


def distillation_of(techniques: Techniques) -> Distillation | None:
    """Return the first distillation in a list of techniques, if there is one."""
    return next((entry.distillation for entry in techniques if entry.distillation), None)


def initialise_of(techniques: Techniques) -> Initialise | None:
    """Return the first `initialise` in a list of techniques, if there is one."""
    return next((entry.initialise for entry in techniques if entry.initialise), None)


def techniques_of(penalty: Penalty, distillation: Distillation | None) -> Techniques:
    """Return the techniques that a system's keys `penalty` and `distill` stand for.

    The order matters: the soft targets are mixed with CTC first, then the penalty is added.
    """
    found = [] if distillation is None else [TechniqueEntry(distillation=distillation)]
    if penalty.type != "none":
        strengths = Lambdas(**penalty.model_dump(exclude={"type"}))
        found.append(TechniqueEntry.model_validate({penalty.type: strengths}))
    return tuple(found)


def reference_of(techniques: Techniques) -> str | None:
    """Return the system whose weights give the threshold for pruning, if there is one."""
    found = (entry.threshold_pruning for entry in techniques if entry.threshold_pruning)
    return next((one.reference for one in found), None)
