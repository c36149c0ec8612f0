"""Prefix beam search without a lexicon, with n-grams of characters, by flashlight-text.

The score of a sentence's characters C is log P(C | audio) + a log P(C) in natural logs, where each
frame that is a space also adds the bonus b. So CTC paths of more words become likelier. Any word
can result, even one that is in no text.
"""

import itertools
import math
from pathlib import Path

from flashlight.lib.text.decoder import (
    CriterionType,
    LexiconFreeDecoder,
    LexiconFreeDecoderOptions,
)

from schatten.decode.logprobs import Frames
from schatten.decode.search import (
    LOG_10,
    load_lm,
    with_last_separator,
)
from schatten.decode.weights import Weights
from schatten.recipe.decoding import Decoding
from schatten.units import Units
from schatten.units.graph import BLANK_INDEX
from schatten.units.tokens import token_names


class OpenSearch:
    """A language model of characters, loaded once and searched with any weights."""

    def __init__(self, lm: Path, units: Units, settings: Decoding) -> None:
        self._units = units
        self._settings = settings
        self._lm = load_lm(lm, token_names(units), "the acoustic model's characters")

    def decoder(self, weights: Weights, beam: int | None = None) -> "OpenDecoder":
        """Return a decoder with these weights, and with another beam than the recipe's if given.

        Nothing is loaded again.
        """
        settings = self._settings
        options = LexiconFreeDecoderOptions(
            beam_size=beam or settings.beam,
            beam_size_token=min(settings.token_beam, len(self._units)),
            beam_threshold=settings.beam_threshold,
            lm_weight=weights.lm_weight * LOG_10,  # KenLM gives decimal logs
            sil_score=weights.word_bonus,
            log_add=True,
            criterion_type=CriterionType.CTC,
        )
        space = self._units.separator_index
        return OpenDecoder(
            LexiconFreeDecoder(options, self._lm, space, BLANK_INDEX, []), self._units
        )


class OpenDecoder:
    """Decodes utterances one at a time."""

    def __init__(self, decoder: LexiconFreeDecoder, units: Units) -> None:
        self._decoder = decoder
        self._units = units

    def best(self, values: Frames) -> tuple[list[str], float]:
        """Return the best words of (frames, units) log-probabilities, and their score."""
        emissions = with_last_separator(values, self._units.separator_index)
        results = self._decoder.decode(emissions.ctypes.data, *emissions.shape)
        if not results:
            return [], -math.inf
        path = [unit for unit, _ in itertools.groupby(results[0].tokens)]
        return self._units.decode(path), results[0].score

    def words(self, values: Frames) -> list[str]:
        """Return the best words of (frames, units) log-probabilities."""
        return self.best(values)[0]
