"""The recipe's `objective`: what a training minimises, before techniques."""

from typing import Any, Literal

from pydantic import model_validator

from schatten.recipe.base import Settings
from schatten.recipe.techniques import OwnCode


class Ctc(Settings):
    """Connectionist temporal classification (Graves et al., 2006), summed over an utterance."""

    graphs: Literal["torch", "k2"] = "torch"
    """What computes the loss of texts whose words have several pronunciations: torch, or k2 where
    it can be imported, which waits for fewer launches on a GPU."""


class ObjectiveEntry(Settings):
    """The objective of a training."""

    ctc: Ctc | None = None
    """The default."""
    own: OwnCode | None = None
    """An objective from a file of yours."""

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
