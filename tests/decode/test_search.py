import math
import re
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import (
    UNITS,
    WORDS,
    acoustic_scores,
    clear_values,
    lm_score,
    random_values,
)

from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding

WIDE = Decoding(beam=2000, beam_threshold=300.0, token_beam=5)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("weights", [Weights(0.0, 0.0), Weights(0.7, -1.5), Weights(1.5, 2.0)])
def test_finds_the_best_of_all_word_sequences(
    seed: int, weights: Weights, lexicon: Path, arpa: Path
) -> None:
    values = random_values(np.random.default_rng(seed), frames=5)
    expected = {
        words: score + weights.lm_weight * lm_score(words) + weights.word_bonus * len(words)
        for words, score in acoustic_scores(values).items()
        if set(words) <= set(WORDS)
    }
    best = max(expected, key=lambda words: expected[words])
    search = LexiconSearch(lexicon, arpa, UNITS, WIDE)
    words, score = search.decoder(weights).best(values)
    assert tuple(words) == best
    assert score == pytest.approx(expected[best], abs=1e-4)


def test_last_word_needs_no_space_and_spaces_are_free(lexicon: Path, arpa: Path) -> None:
    decoder = LexiconSearch(lexicon, arpa, UNITS, Decoding()).decoder(Weights(0.5, 0.0))
    assert decoder.words(clear_values("ba a ab")) == ["ba", "a", "ab"]
    assert decoder.words(clear_values("  ba  a ab ")) == ["ba", "a", "ab"]
    assert decoder.words(clear_values("abb")) == ["abb"]


def test_no_frames_are_no_words(lexicon: Path, arpa: Path) -> None:
    decoder = LexiconSearch(lexicon, arpa, UNITS, Decoding()).decoder(Weights(0.5, 0.0))
    assert decoder.words(np.empty((0, len(UNITS)), dtype=np.float32)) == []


def test_impossible_units_are_no_obstacle(lexicon: Path, arpa: Path) -> None:
    values = np.full((3, len(UNITS)), -math.inf, dtype=np.float32)
    values[range(3), [UNITS.index[letter] for letter in "cab"]] = 0.0
    decoder = LexiconSearch(lexicon, arpa, UNITS, Decoding()).decoder(Weights(0.5, 0.0))
    assert decoder.words(values) == ["cab"]


def test_a_word_may_have_two_spellings(tmp_path: Path, arpa: Path) -> None:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("cab\tc a b\ncab\tc c\na\ta\n")
    decoder = LexiconSearch(lexicon, arpa, UNITS, Decoding()).decoder(Weights(0.5, 0.0))
    assert decoder.words(clear_values("cc a cab")) == ["cab", "a", "cab"]


def test_unknown_unit_names_word_and_unit(tmp_path: Path, arpa: Path) -> None:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("ad\ta d\n")
    with pytest.raises(UserError, match="'ad' with d"):
        LexiconSearch(lexicon, arpa, UNITS, Decoding())


@pytest.mark.parametrize("line", ["cab c a b", "cab\t", "\tc a b", " cab\tc a b"])
def test_damaged_lexicon_names_the_line(line: str, tmp_path: Path, arpa: Path) -> None:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text(f"a\ta\n{line}\n")
    with pytest.raises(UserError, match="line 2"):
        LexiconSearch(lexicon, arpa, UNITS, Decoding())


def test_missing_or_damaged_lm_is_said(tmp_path: Path, lexicon: Path, arpa: Path) -> None:
    with pytest.raises(UserError, match=r"none\.bin does not exist"):
        LexiconSearch(lexicon, tmp_path / "none.bin", UNITS, Decoding())
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(arpa.read_bytes()[:90])
    with pytest.raises(UserError, match=r"damaged\.bin has no .*cut short"):
        LexiconSearch(lexicon, damaged, UNITS, Decoding())
    damaged.write_bytes(b"mmap lm http://kheafield.com/code" + bytes(60))
    with pytest.raises(UserError, match=r"damaged\.bin is no KenLM language model") as error:
        LexiconSearch(lexicon, damaged, UNITS, Decoding())
    assert ".cc:" not in str(error.value)


def test_a_language_model_of_other_words_is_refused(
    tmp_path: Path, lexicon: Path, arpa: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every word would be unknown, and the model would say nothing."""
    other = tmp_path / "other.arpa"
    other.write_text(re.sub(r"\b[abc]+\b", lambda word: word[0].upper(), arpa.read_text()))
    with pytest.raises(UserError, match=r"no word of the lexicon, such as 'a' \(it has 'A'"):
        LexiconSearch(lexicon, other, UNITS, Decoding())
    assert "hardly" not in capsys.readouterr().err
    lexicon.write_text("".join(f"{word}\ta\n" for word in ("a", "x", "y")))
    LexiconSearch(lexicon, arpa, UNITS, Decoding())
    assert "knows 1 of the 3 words of" in capsys.readouterr().err


def test_a_line_of_the_lexicon_counts_once(tmp_path: Path, arpa: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    once.write_text("a\ta\nab\ta b\n")
    twice.write_text("a\ta\nab\ta b\nab\ta  b\n")
    values = random_values(np.random.default_rng(4), 6)
    found = [
        LexiconSearch(path, arpa, UNITS, WIDE).decoder(Weights(0.5, 1.0)).best(values)
        for path in (once, twice)
    ]
    assert found[0] == found[1]


def test_a_lexicon_that_was_cut_short_is_refused(tmp_path: Path, arpa: Path) -> None:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("cab\tc a b\ncab\tc")
    with pytest.raises(UserError, match="line 2 does not end: the lexicon was cut short"):
        LexiconSearch(lexicon, arpa, UNITS, Decoding())
