"""Prefix beam search over a lexicon with a KenLM language model, by flashlight-text.

The score of a word sequence W is log P(W | audio) + a log P(W) + b |W| in natural logs: the first
term sums over CTC paths, a is the LM weight, b the word bonus. The search is pruned by the LM's
unigrams, smeared over the lexicon's trie (the best word below a node). They are subtracted again at
the word's end, so the score above is exact.
"""

import math
from pathlib import Path

import numpy as np
from flashlight.lib.text.decoder import (
    CriterionType,
    LexiconDecoder,
    LexiconDecoderOptions,
    SmearingMode,
    Trie,
)
from flashlight.lib.text.decoder.kenlm import KenLM
from flashlight.lib.text.dictionary import Dictionary

from schatten.decode.logprobs import Frames
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.lm.mended import KenlmError, given_to_kenlm
from schatten.lm.vocabulary import require_common
from schatten.recipe.decoding import Decoding
from schatten.units import Units, read_spellings
from schatten.units.graph import BLANK_INDEX

_IMPOSSIBLE = -1e4
LOG_10 = math.log(10.0)


class LexiconSearch:
    """A lexicon and a language model, loaded once and searched with any weights."""

    def __init__(self, lexicon: Path, lm: Path, units: Units, settings: Decoding) -> None:
        if units.grams:
            raise UserError(
                "flashlight-text cannot add up the segmentations of a word into grams: search with "
                "the engine's decode_logprobs, or decode with `decoder: wfst`"
            )
        entries = read_spellings(lexicon, units)
        self._words = list(dict.fromkeys(word for word, _ in entries))
        self._settings = settings
        self._space = units.separator_index
        self._lm = load_lm(lm, self._words, lexicon)
        self._trie = self._build_trie(entries, len(units))

    def _build_trie(self, entries: list[tuple[str, tuple[int, ...]]], units: int) -> Trie:
        trie = Trie(units, self._space)
        word_indices = {word: index for index, word in enumerate(self._words)}
        no_context = self._lm.start(True)
        for word, spelling in entries:
            index = word_indices[word]
            _, unigram = self._lm.score(no_context, index)
            trie.insert([*spelling, self._space], index, unigram)
        trie.smear(SmearingMode.MAX)
        return trie

    def decoder(self, weights: Weights, beam: int | None = None) -> "Decoder":
        """Return a decoder with these weights, and with another beam than the recipe's if given.

        Nothing is loaded again.
        """
        settings = self._settings
        options = LexiconDecoderOptions(
            beam_size=beam or settings.beam,
            beam_size_token=settings.token_beam,
            beam_threshold=settings.beam_threshold,
            lm_weight=weights.lm_weight * LOG_10,  # KenLM gives decimal logs
            word_score=weights.word_bonus,
            unk_score=-math.inf,
            sil_score=0.0,
            log_add=True,
            criterion_type=CriterionType.CTC,
        )
        decoder = LexiconDecoder(
            options, self._trie, self._lm, self._space, BLANK_INDEX, -1, [], False
        )
        return Decoder(decoder, self._words, self._space)


class Decoder:
    """Decodes utterances one at a time."""

    def __init__(self, decoder: LexiconDecoder, words: list[str], space: int) -> None:
        self._decoder = decoder
        self._words = words
        self._space = space

    def best(self, values: Frames) -> tuple[list[str], float]:
        """Return the best words of (frames, units) log-probabilities, and their score."""
        emissions = with_last_separator(values, self._space)
        results = self._decoder.decode(emissions.ctypes.data, *emissions.shape)
        if not results:
            return [], -math.inf
        return [self._words[word] for word in results[0].words if word >= 0], results[0].score

    def words(self, values: Frames) -> list[str]:
        """Return the best words of (frames, units) log-probabilities."""
        return self.best(values)[0]


def with_last_separator(values: Frames, space: int) -> Frames:
    """Add a frame that is a separator with certainty: a word of the lexicon ends with one."""
    frames, units = values.shape
    extended = np.full((frames + 1, units), _IMPOSSIBLE, dtype=np.float32)
    np.maximum(values, _IMPOSSIBLE, out=extended[:frames])
    extended[frames, space] = 0.0
    return extended


def load_lm(path: Path, words: list[str], source: Path | str) -> KenLM:
    """Load a KenLM binary (or ARPA) that is asked for words by their place in `words`.

    `source`: what the words are of, for messages. Errors: `UserError` if the file is missing or
    something else, and if it knows none of the words.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist: make the language model first")

    def load(file: Path) -> KenLM:
        try:
            return KenLM(str(file), Dictionary(words))
        except (RuntimeError, ValueError) as error:
            raise KenlmError(str(error)) from None

    loaded = given_to_kenlm(path, load, f"{path} is no KenLM language model that can be read")
    require_common(path, words, source)
    return loaded
