"""The recipe's `units`: sets of units that acoustic models write."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from schatten import letters
from schatten.errors import UserError
from schatten.recipe.base import Language, PositiveFloat, Settings
from schatten.runtime.file_names import found

if TYPE_CHECKING:
    from schatten.recipe import Recipe


class Characters(Settings):
    """The characters of `text.alphabet`, and the space between words."""

    type: Literal["characters"]


class Phones(Settings):
    """Phones, by a dictionary and by rules; words follow each other without a separator."""

    type: Literal["phones"]
    language: Language = "en-us"
    """A language of espeak-ng: `de`, `es`, `en-gb`. With `en` and `en-us`, words have the
    pronunciations of CMUdict and its 39 phones without stress. Others have no dictionary, and the
    IPA phones that their words need."""
    lexicon: str | None = None
    """Pronunciations of your own, in place of all others of their words: `WORD TAB PHONE PHONE ...`
    a line; several lines for a word that has several. Relative to the recipe's folder."""
    unknown: Literal["espeak", "refuse"] = "espeak"
    """Words that neither lexicon nor dictionary has: `espeak` pronounces them by espeak-ng's rules,
    `refuse` names them and stops."""
    pronunciations: Literal["all", "first"] = "all"
    """Which pronunciations of a word are kept."""
    trained_on: Literal["all", "first"] = "all"
    """Pronunciations of a word that the loss sums over; decoding always has all that are kept."""
    writes_words: ClassVar[bool] = False
    """Whether words can be read off the units, without a lexicon."""

    @property
    def sums_over_pronunciations(self) -> bool:
        """Whether the loss sums over the pronunciations of a word."""
        return self.trained_on == "all"


class Pieces(Settings):
    """Pieces of words: byte-pair encoding, learned from the training transcripts."""

    type: Literal["pieces"]
    count: Annotated[int, Field(ge=2, le=60_000)] = 300
    """Pieces. Every character is two of them: one that begins a word, and one inside of it."""
    writes_words: ClassVar[bool] = True
    """Whether words can be read off the units, without a lexicon."""
    sums_over_pronunciations: ClassVar[bool] = False
    """A word has one segmentation."""


class Tied(Settings):
    """Tied phones: phones in their contexts, which a decision tree ties. Decoded by graphs alone.

    The tree is grown on training speech that another system, a model of the phones, aligns.
    """

    type: Literal["tied"]
    phones: str = "phones"
    """The set of phones that are tied."""
    aligner: str
    """A system that writes these phones; the model of its first training, with its first seed,
    aligns."""
    leaves: Annotated[int, Field(ge=1, le=20_000)] = 500
    """Leaves of the tree, at most: outputs of the model without the blank."""
    minimum: Annotated[int, Field(ge=1)] = 100
    """Phone tokens of every leaf, at least, except where a phone has fewer."""
    hours: PositiveFloat = 10.0
    """Hours of training speech that are aligned, at most; drawn by the utterances' ids."""
    trained_on: Literal["all", "first"] = "all"
    """Pronunciations of a word that the loss sums over, each in all contexts that it has."""
    writes_words: ClassVar[bool] = False
    """Whether words can be read off the units, without a lexicon."""

    @property
    def sums_over_pronunciations(self) -> bool:
        """Whether the loss sums over the pronunciations of a word."""
        return self.trained_on == "all"


class Grams(Settings):
    """Characters, and sequences of them inside of words as units of their own (Gram-CTC)."""

    type: Literal["grams"]
    longest: Annotated[int, Field(ge=2, le=8)] = 3
    """Characters of the longest grams."""
    count: Annotated[int, Field(ge=1, le=60_000)] = 300
    """Grams of two characters or more: the most frequent ones of the training transcripts."""
    writes_words: ClassVar[bool] = True
    """Whether words can be read off the units, without a lexicon."""
    sums_over_pronunciations: ClassVar[bool] = True
    """The loss sums over all segmentations of a text."""


UnitSet = Annotated[Characters | Phones | Pieces | Tied | Grams, Field(discriminator="type")]

BUILT_IN: dict[str, UnitSet] = {
    "phones": Phones(type="phones"),
    "pieces": Pieces(type="pieces"),
    "grams": Grams(type="grams"),
}
"""Sets that every recipe has; one of its own by that name replaces them."""


def lexicon_of(units: UnitSet | None, folder: Path) -> Path | None:
    """Return the user's own lexicon of a set of units, in the recipe's folder; None without one.

    Errors: `UserError` if it does not exist.
    """
    if not isinstance(units, Phones) or units.lexicon is None:
        return None
    path = found(folder, units.lexicon)
    if not path.is_file():
        raise UserError(f"{path} does not exist: write it, or correct the units' `lexicon`")
    return path


def with_language(recipe: Any) -> Any:
    """Return a recipe's raw data, `text.language` taken from the phones where case depends on it.

    It is taken where text has none and all sets of phones have one language, with rules of its own.
    """
    if not isinstance(recipe, dict) or not isinstance(recipe.get("units"), dict):
        return recipe
    text, sets = recipe.get("text", {}), recipe["units"].values()
    languages = {
        one.get("language") if isinstance(one, dict) else getattr(one, "language", None)
        for one in sets
    } - {None}
    if len(languages) != 1 or not isinstance(text, dict) or text.get("language") is not None:
        return recipe
    (language,) = languages
    if not isinstance(language, str) or not letters.has_own_case(language):
        return recipe
    return {**recipe, "text": {**text, "language": language}}


def tied_problem(recipe: "Recipe") -> str | None:
    """Say in a sentence what is wrong with the recipe's tied phones; None if nothing is."""
    for name, tied in recipe.units.items():
        if not isinstance(tied, Tied):
            continue
        if not isinstance({**BUILT_IN, **recipe.units}.get(tied.phones), Phones):
            return f"units.{name}.phones: {tied.phones!r} is no set of type phones; name one"
        aligner = recipe.systems.get(tied.aligner)
        if aligner is None or aligner.units != tied.phones:
            those = [key for key, one in recipe.systems.items() if one.units == tied.phones]
            there = f"take one of {', '.join(those)}" if those else "add one"
            return f"units.{name}.aligner: {tied.aligner} is no system over {tied.phones}; {there}"
        written = {one.units for one in recipe.systems.values()}
        written |= {one.units for one in recipe.grids.values()}
        if name in written and (problem := _undecodable(recipe, name)):
            return problem
    return None


def _undecodable(recipe: "Recipe", units: str) -> str | None:
    """Say what the tables ask of systems over tied phones that a graph's search cannot give."""
    why = f"{units} are tied phones, which graphs search and the engine does not"
    for name, system in recipe.systems.items():
        if system.units == units and system.precisions:
            return f"systems.{name}.precisions: {why}: remove them"
    for name in recipe.table_language_models:
        if recipe.language_models[name].decoder != "wfst":
            return f"tables.language_models: {why}: give {name} `decoder: wfst`, or leave it out"
    for key in ("tiers", "bundles"):
        if getattr(recipe.tables, key):
            return f"tables.{key}: {why}, so no device runs them: leave {key} out"
    return None
