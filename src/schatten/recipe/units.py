"""The recipe's `units`: sets of units that acoustic models write."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schatten import letters
from schatten.errors import UserError
from schatten.recipe.base import Language, Settings
from schatten.runtime.file_names import found


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


UnitSet = Annotated[Characters | Phones | Pieces, Field(discriminator="type")]

BUILT_IN: dict[str, UnitSet] = {"phones": Phones(type="phones"), "pieces": Pieces(type="pieces")}
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
