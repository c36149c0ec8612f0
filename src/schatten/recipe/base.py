"""The base class of all settings, and types that several settings share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Settings(BaseModel):
    """A part of a recipe; unknown keys, infinity and NaN are refused, and values are frozen.

    Texts below fields describe them on the page of settings, which reads them itself: pydantic
    would parse every class's source whenever a verb starts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]
"""A name that goes into paths: letters, digits, `_` and `.`."""

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
"""A code of a language, as espeak-ng names them: `de`, `en-us`, `tr`."""
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Dropped = Annotated[float, Field(ge=0, lt=1)]
Beam = Annotated[int, Field(gt=0, le=10_000)]
"""Hypotheses that the search keeps; the engine (`arm/engine`) accepts no more."""
BeamThreshold = Annotated[float, Field(gt=0, le=300)]
"""Natural log; the engine accepts no more."""


def _no_seed_twice(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands there twice: remove one")
    return seeds


Seeds = Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(_no_seed_twice)]
"""Each seed gives one training."""


def tag(name: str) -> str:
    """Return the tag of a kind among several; messages about a recipe leave tags out."""
    return f"<{name}>"
