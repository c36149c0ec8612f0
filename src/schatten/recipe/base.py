"""The base class of all settings, and types that several settings share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Settings(BaseModel):
    """A part of a recipe. Unknown keys, infinity and NaN are refused, and values are immutable.

    The text below a field is its description in docs/settings.md and in the JSON schema. These read
    it from the source. pydantic's own option for this would parse every class at each start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]
"""A name that is used in paths: letters, digits, `_` and `.`."""

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
"""A language code of espeak-ng: `de`, `en-us`, `tr`."""
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Dropped = Annotated[float, Field(ge=0, lt=1)]
Beam = Annotated[int, Field(gt=0, le=10_000)]
"""Hypotheses that the search keeps; the engine (`arm/engine`) accepts no more."""
BeamThreshold = Annotated[float, Field(gt=0, le=300)]
"""A difference of natural logs; the engine accepts no more."""


def _no_seed_twice(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands there twice: remove one")
    return seeds


Seeds = Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(_no_seed_twice)]
"""Seeds; each gives one training."""


def tag(name: str) -> str:
    """Return the tag of one kind among several; error messages about a recipe omit tags."""
    return f"<{name}>"
