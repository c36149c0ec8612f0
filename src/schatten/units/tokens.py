"""Sentences as character tokens: what n-grams of characters are estimated on and decoded with."""

from schatten.errors import UserError
from schatten.units.inventory import CHARACTERS, Units

SPACE_TOKEN = "<space>"
"""Stands for the space after a word; no character has this name."""


def as_tokens(sentence: str) -> str:
    """Return a sentence as tokens: `call jon` becomes `c a l l <space> j o n <space>`."""
    return " ".join(f"{' '.join(word)} {SPACE_TOKEN}" for word in sentence.split())


def token_names(units: Units) -> list[str]:
    """Return the token of each unit in an n-gram model of characters.

    Errors: `UserError` for units that are no characters.
    """
    if units.kind != CHARACTERS:
        raise UserError(
            f"a language model of characters cannot be searched with {units.kind}: "
            "take the decoder lexicon or wfst"
        )
    return [SPACE_TOKEN if name == units.separator else name for name in units.names]
