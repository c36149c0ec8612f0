"""The recipe's settings of the synthetic corpus `voicesearch_like`."""

from typing import Literal

from schatten.recipe.base import Settings


class VoiceSearchCorpus(Settings):
    """Voice-search queries from a grammar, spoken by espeak-ng, with noise and reverberation."""

    source: Literal["voicesearch_like"]
    seed: int = 1
    """Every draw follows from it."""
