"""The units that acoustic models write and decoders read: characters, phones, pieces or grams.

An inventory knows its names, turns text into labels and labels into words, and spells the words
of lexicons. Nothing here needs torch.
"""

from schatten.units.inventory import BLANK, SPACE, Units, characters, from_names
from schatten.units.lexicon import read_lexicon, read_spellings

__all__ = ["BLANK", "SPACE", "Units", "characters", "from_names", "read_lexicon", "read_spellings"]
