import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import UNITS, WORDS, acoustic_scores, lm_score, random_values

from schatten.decode.exact import ExactScorer, Paths
from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights
from schatten.recipe.decoding import Decoding
from schatten.units import BLANK, Units

WEIGHTS = Weights(0.8, 0.7)


@pytest.mark.parametrize("paths", ["sum", "best"])
@pytest.mark.parametrize("seed", range(3))
def test_every_sentence_scores_as_its_paths_one_by_one(
    paths: Paths, seed: int, arpa: Path, lexicon: Path
) -> None:
    values = random_values(np.random.default_rng(seed), frames=6)
    scorer = ExactScorer(lexicon, arpa, UNITS, WEIGHTS, paths)
    join = np.logaddexp if paths == "sum" else max
    tried = 0
    for words, acoustic in acoustic_scores(values, join).items():
        if set(words) <= set(WORDS):
            expected = acoustic + 0.8 * lm_score(words) + 0.7 * len(words)
            assert scorer.score(values, words) == pytest.approx(expected, abs=1e-4)
            tried += 1
    assert tried > 20


def test_spellings_of_a_word_are_added_up(tmp_path: Path, arpa: Path) -> None:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("cab\tc a b\ncab\tc c\na\ta\na\ta\n")
    values = random_values(np.random.default_rng(1), frames=5)
    scorer = ExactScorer(lexicon, arpa, UNITS, Weights(0.0, 0.0), "sum")
    spelled = acoustic_scores(values)
    both = np.logaddexp(spelled[("cab",)], spelled[("cc",)])
    assert scorer.score(values, ["cab"]) == pytest.approx(both, abs=1e-5)
    assert scorer.score(values, ["a"]) == pytest.approx(spelled[("a",)], abs=1e-5)


def test_a_wide_beam_search_scores_what_it_finds_the_same(arpa: Path, lexicon: Path) -> None:
    wide = Decoding(beam=5000, beam_threshold=300.0, token_beam=5)
    decoder = LexiconSearch(lexicon, arpa, UNITS, wide).decoder(WEIGHTS)
    scorer = ExactScorer(lexicon, arpa, UNITS, WEIGHTS, "sum")
    for seed in range(4):
        values = random_values(np.random.default_rng(seed), frames=14)
        words, score = decoder.best(values)
        assert scorer.score(values, words) == pytest.approx(score, abs=1e-3)


def test_words_that_cannot_be_said_score_nothing(arpa: Path, lexicon: Path) -> None:
    scorer = ExactScorer(lexicon, arpa, UNITS, WEIGHTS, "best")
    values = random_values(np.random.default_rng(0), frames=2)
    assert scorer.score(values, ["nobody"]) == -math.inf
    assert scorer.score(values, ["cab"]) == -math.inf  # three letters, two frames
    none = np.empty((0, len(UNITS)), dtype=np.float32)
    assert scorer.score(none, []) == pytest.approx(0.8 * lm_score(()), abs=1e-5)
    assert scorer.score(none, ["a"]) == -math.inf


@pytest.mark.parametrize("paths", ["sum", "best"])
def test_words_without_a_separator_follow_each_other(
    paths: Paths, tmp_path: Path, arpa: Path
) -> None:
    phones = Units("phones", (BLANK, "AH", "B", "K"), None)
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("a\tAH\nab\tAH B\nab\tB\nabb\tAH B B\nba\tB AH\ncab\tAH\n")
    spellings = {"a": ["AH"], "ab": ["AH B", "B"], "abb": ["AH B B"], "ba": ["B AH"], "cab": ["AH"]}
    values = np.log(np.random.default_rng(7).dirichlet(np.ones(4), 5)).astype(np.float32)
    join = np.logaddexp if paths == "sum" else np.maximum
    written: dict[str, float] = {}
    for path in itertools.product(range(4), repeat=5):
        units = " ".join(phones.names[unit] for unit, _ in itertools.groupby(path) if unit)
        score = float(sum(values[frame, unit] for frame, unit in enumerate(path)))
        written[units] = float(join(written.get(units, -math.inf), score))
    scorer = ExactScorer(lexicon, arpa, phones, WEIGHTS, paths)
    for length in range(4):
        for words in itertools.product(spellings, repeat=length):
            choices = itertools.product(*(spellings[word] for word in words))
            acoustic = [written.get(" ".join(choice), -math.inf) for choice in choices]
            expected = join.reduce(acoustic) + 0.8 * lm_score(words) + 0.7 * length
            assert scorer.score(values, words) == pytest.approx(expected, abs=1e-4)
