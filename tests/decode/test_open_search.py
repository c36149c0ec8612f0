import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import UNITS, character_lm_score, clear_values, random_values

from schatten.decode.open_search import OpenSearch
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding

WIDE = Decoding(beam=5000, beam_threshold=300.0, token_beam=15)
SPACE = UNITS.index[" "]
TOKENS = ["<blank>", "<space>", "a", "b", "c"]


def scores(values: np.ndarray, weights: Weights) -> dict[tuple[str, ...], float]:
    """Score every string by brute force: all CTC paths, ended by a space, as if begun by one."""
    acoustic: dict[tuple[str, ...], float] = {}
    for path in itertools.product(range(len(UNITS)), repeat=len(values)):
        ended = (*path, SPACE)
        collapsed = [unit for unit, _ in itertools.groupby((SPACE, *ended))][1:]
        text = tuple(TOKENS[unit] for unit in collapsed if unit)
        score = float(sum(values[frame, unit] for frame, unit in enumerate(path)))
        score += weights.word_bonus * ended.count(SPACE)
        acoustic[text] = np.logaddexp(acoustic.get(text, -math.inf), score)
    return {
        text: score + weights.lm_weight * character_lm_score(text)
        for text, score in acoustic.items()
    }


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("weights", [Weights(0.0, 0.0), Weights(0.7, -1.5), Weights(1.5, 2.0)])
def test_finds_the_best_of_all_strings(seed: int, weights: Weights, character_arpa: Path) -> None:
    values = random_values(np.random.default_rng(seed), frames=5)
    expected = scores(values, weights)
    best = max(expected, key=lambda text: expected[text])
    words, score = OpenSearch(character_arpa, UNITS, WIDE).decoder(weights).best(values)
    assert words == "".join(best).replace("<space>", " ").split()
    assert score == pytest.approx(expected[best], abs=1e-4)


def test_words_that_no_text_had_come_out(character_arpa: Path) -> None:
    decoder = OpenSearch(character_arpa, UNITS, Decoding()).decoder(Weights(0.5, 0.0))
    assert decoder.words(clear_values("bcb acca")) == ["bcb", "acca"]
    assert decoder.words(clear_values("cc")) == ["cc"]


def test_no_frames_are_no_words(character_arpa: Path) -> None:
    decoder = OpenSearch(character_arpa, UNITS, Decoding()).decoder(Weights(0.5, 0.0))
    assert decoder.words(np.empty((0, len(UNITS)), dtype=np.float32)) == []


def test_a_missing_language_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.bin does not exist"):
        OpenSearch(tmp_path / "none.bin", UNITS, Decoding())
