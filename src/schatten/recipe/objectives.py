"""The recipe's `objective`: what a training minimises, before techniques."""

from typing import Any, Literal

from pydantic import model_validator

from schatten.recipe.base import Settings
from schatten.recipe.techniques import OwnCode


class Ctc(Settings):
    """Connectionist temporal classification (Graves et al., 2006), summed over an utterance."""

    graphs: Literal["torch", "k2"] = "torch"
    """What computes the loss if words have several pronunciations: PyTorch, or k2 if it can be
    imported. k2 starts fewer kernels on a GPU, so it waits less."""


class ObjectiveEntry(Settings):
    """The objective (loss) of a training: give exactly one of these keys."""

    ctc: Ctc | None = None
    """CTC, the default."""
    own: OwnCode | None = None
    """An objective of your own, from a Python file."""

    @model_validator(mode="after")
    def _one_objective(self) -> "ObjectiveEntry":
        if (self.ctc is None) == (self.own is None):
            raise ValueError("give one objective, ctc or own")
        return self

    def plain(self) -> dict[str, Any] | None:
        """Return the entry as JSON, with the SHA-256 of its file; None for the default."""
        if self.own is None:
            return None if self.ctc == Ctc() else self.model_dump(mode="json", include={"ctc"})
        return {"own": {**self.own.model_dump(mode="json"), "sha256": self.own.sha256()}}
