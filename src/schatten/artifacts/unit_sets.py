"""Sets of units that are not characters: `inventory.json`."""

from schatten.artifacts.base import Artifact


class Inventory(Artifact):
    """A set of units; `inventory.json` in its folder, beside the spellings of words."""

    name: str
    """Its name in the recipe."""
    kind: str
    """The kind of units: `phones` or `pieces`."""
    names: list[str]
    """The blank first; the index of a name is that of the model's output."""
    separator: str | None
    """Name of the unit between words; None if words follow each other directly."""
    language: str | None
    """Language of phones, as espeak-ng calls it; None for pieces."""
    words: str
    """File of the spellings of words, in the same folder."""
    words_sha256: str
    """Its checksum: models are trained again when a pronunciation is mended."""
    word_count: int
    """Words in that file."""
    origins: dict[str, int]
    """Spellings by where they come from: `lexicon`, `cmudict`, `espeak`, `pieces`."""
