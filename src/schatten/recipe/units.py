"""The recipe's `units`: sets of output units of acoustic models."""

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
    """Phones, from a dictionary and from rules. There is no separator between words."""

    type: Literal["phones"]
    language: Language = "en-us"
    """A language of espeak-ng, such as `de`, `es` or `en-gb`. With `en` and `en-us`, words have the
    pronunciations of CMUdict, with its 39 phones without stress. Other languages have no
    dictionary. Their phones are the IPA phones that occur in their words."""
    lexicon: str | None = None
    """File with pronunciations of your own, relative to the recipe's folder. A line is `WORD TAB
    PHONE PHONE ...`. A word may have several lines. They replace all other pronunciations of the
    word."""
    unknown: Literal["espeak", "refuse"] = "espeak"
    """What to do with words that are neither in the lexicon nor in the dictionary. `espeak`: use
    the rules of espeak-ng. `refuse`: list them and stop."""
    pronunciations: Literal["all", "first"] = "all"
    """Which pronunciations of a word are kept."""
    trained_on: Literal["all", "first"] = "all"
    """Pronunciations of a word over which the loss sums. Decoding always uses all that are kept."""
    writes_words: ClassVar[bool] = False
    """Whether the units spell words, so that no lexicon is needed to read them."""

    @property
    def sums_over_pronunciations(self) -> bool:
        """Whether the loss sums over the pronunciations of a word."""
        return self.trained_on == "all"


class Pieces(Settings):
    """Pieces of words: byte-pair encoding, learned from the training transcripts."""

    type: Literal["pieces"]
    count: Annotated[int, Field(ge=2, le=60_000)] = 300
    """Number of pieces. They include two for each character: one at the start of a word, and one
    inside of it."""
    writes_words: ClassVar[bool] = True
    """Whether the units spell words, so that no lexicon is needed to read them."""
    sums_over_pronunciations: ClassVar[bool] = False
    """A word has one segmentation, so there is nothing to sum over."""


class Tied(Settings):
    """Tied phones: context-dependent phones, tied by a decision tree. They need `decoder: wfst`.

    The tree is built from training speech. Another system, which writes the phones, aligns it.
    """

    type: Literal["tied"]
    phones: str = "phones"
    """The set of phones that are tied."""
    aligner: str
    """System that aligns the speech; it writes these phones. The model of its first training, with
    its first seed, is used."""
    leaves: Annotated[int, Field(ge=1, le=20_000)] = 500
    """Largest number of leaves of the tree. The leaves are the outputs of the model, without the
    blank."""
    minimum: Annotated[int, Field(ge=1)] = 100
    """Smallest number of phone tokens in a leaf, unless a phone has fewer."""
    hours: PositiveFloat = 10.0
    """Largest number of hours of training speech to align. Utterances are drawn by their ids."""
    trained_on: Literal["all", "first"] = "all"
    """Pronunciations of a word over which the loss sums, each in all of its contexts."""
    writes_words: ClassVar[bool] = False
    """Whether the units spell words, so that no lexicon is needed to read them."""

    @property
    def sums_over_pronunciations(self) -> bool:
        """Whether the loss sums over the pronunciations of a word."""
        return self.trained_on == "all"


class Grams(Settings):
    """Characters, and frequent character sequences inside of words (grams of Gram-CTC)."""

    type: Literal["grams"]
    longest: Annotated[int, Field(ge=2, le=8)] = 3
    """Length of the longest grams, in characters."""
    count: Annotated[int, Field(ge=1, le=60_000)] = 300
    """Number of grams with two characters or more: the most frequent ones of the training
    transcripts."""
    writes_words: ClassVar[bool] = True
    """Whether the units spell words, so that no lexicon is needed to read them."""
    sums_over_pronunciations: ClassVar[bool] = True
    """The loss sums over all segmentations of a text."""


UnitSet = Annotated[Characters | Phones | Pieces | Tied | Grams, Field(discriminator="type")]

BUILT_IN: dict[str, UnitSet] = {
    "phones": Phones(type="phones"),
    "pieces": Pieces(type="pieces"),
    "grams": Grams(type="grams"),
}
"""Unit sets that every recipe has. A recipe's own set of the same name replaces one."""


def lexicon_of(units: UnitSet | None, folder: Path) -> Path | None:
    """Return the path of the recipe's own lexicon of a set of units; None without one.

    Errors: `UserError` if it does not exist.
    """
    if not isinstance(units, Phones) or units.lexicon is None:
        return None
    path = found(folder, units.lexicon)
    if not path.is_file():
        raise UserError(f"{path} does not exist: write it, or correct the units' `lexicon`")
    return path


def with_language(recipe: Any) -> Any:
    """Return the raw data of a recipe, with `text.language` taken from the phones if needed.

    This is so if `text` has no language, and all sets of phones have the same one, whose rules for
    upper and lower case are special.
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
    """Return in a sentence what is wrong with the recipe's tied phones; None if nothing is."""
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
    """Return what the tables ask of tied phones that a graph search cannot do; None for nothing."""
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
