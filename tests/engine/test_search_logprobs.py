"""The engine's search on log-probabilities: against all word sequences, and flashlight-text."""

import math

import numpy as np
import pytest
from toy_decoding import (
    UNITS,
    WORDS,
    acoustic_scores,
    arpa_text,
    clear_values,
    lm_score,
    log_probs,
    random_values,
    write_cuts,
)
from toy_graphs import toy_graph

from schatten.decode.engine_search import EngineSearch
from schatten.decode.logprobs import write_logprobs
from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights
from schatten.decode.wfst.run import Reference, count_search_errors
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding, GraphSettings
from schatten.runtime.files import write_json

WIDE = Decoding(beam=2000, beam_threshold=300.0, token_beam=5)
WEIGHTS = [Weights(0.0, 0.0), Weights(0.7, -1.5), Weights(1.5, 2.0)]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "lm.arpa").write_text(arpa_text())
    (tmp_path / "lexicon").write_text("".join(f"{word}\t{' '.join(word)}\n" for word in WORDS))
    return tmp_path / "lexicon", tmp_path / "lm.arpa"


@pytest.fixture
def program(build):
    return build("sanitize") / "bench/decode_logprobs"


@pytest.mark.parametrize("weights", WEIGHTS)
def test_finds_the_best_of_all_word_sequences(program, files, weights):
    values = {f"u{seed}": random_values(np.random.default_rng(seed), 5) for seed in range(12)}
    found = EngineSearch(program, *files, WIDE).decode(log_probs(values), weights)
    for name, each in values.items():
        expected = {
            words: score + weights.lm_weight * lm_score(words) + weights.word_bonus * len(words)
            for words, score in acoustic_scores(each).items()
            if set(words) <= set(WORDS)
        }
        best = max(expected, key=lambda words: expected[words])
        assert tuple(found.words[name]) == best
        # The probability of a dropped worse history with the same end is lost, which is little.
        assert expected[best] - 0.05 < found.scores[name] < expected[best] + 1e-4


@pytest.mark.parametrize("weights", WEIGHTS[1:])
def test_agrees_with_flashlight_where_speech_is_clear(program, files, weights):
    """Peaked log-probabilities, as trained models give them."""
    values = {}
    for seed in range(20):
        random = np.random.default_rng(seed)
        text = " ".join(random.choice(WORDS, size=random.integers(1, 6)))
        peaks = clear_values(text) + 0.4 * random_values(random, len(clear_values(text)))
        total = np.logaddexp.reduce(peaks, axis=1, keepdims=True)
        values[f"u{seed}"] = (peaks - total).astype(np.float32)
    found = EngineSearch(program, *files, WIDE).decode(log_probs(values), weights)
    decoder = LexiconSearch(*files, UNITS, WIDE).decoder(weights)
    expected = {name: decoder.best(each) for name, each in values.items()}
    same = [name for name in values if found.words[name] == expected[name][0]]
    assert len(same) >= len(values) - 2
    for name in same:
        assert found.scores[name] == pytest.approx(expected[name][1], abs=0.5)


def test_narrow_beams_find_clear_words(program, files):
    narrow = Decoding(beam=3, beam_threshold=5.0, token_beam=3)
    texts = {"a": "ba a ab", "b": "  ba  a ab ", "c": "abb", "d": "cab cab", "e": ""}
    values = {name: clear_values(text) for name, text in texts.items() if text}
    values["e"] = np.empty((0, len(UNITS)), dtype=np.float32)
    found = EngineSearch(program, *files, narrow).decode(log_probs(values), Weights(0.5, 0.0))
    assert found.words == {name: text.split() for name, text in texts.items()}


def test_impossible_units_are_no_obstacle(program, files):
    values = np.full((3, len(UNITS)), -math.inf, dtype=np.float32)
    values[range(3), [UNITS.index[letter] for letter in "cab"]] = 0.0
    found = EngineSearch(program, *files, Decoding()).decode(
        log_probs({"u": values}), Weights(0.5, 0.0)
    )
    assert found.words == {"u": ["cab"]}


def test_nothing_fits_is_minus_infinity(program, files):
    """No word of the lexicon ends in c: there is no result, and the search goes on."""
    values = np.full((2, len(UNITS)), -math.inf, dtype=np.float32)
    values[range(2), [UNITS.index[letter] for letter in "ac"]] = 0.0
    split = log_probs({"u": values, "v": clear_values("ab")})
    found = EngineSearch(program, *files, Decoding()).decode(split, Weights(0.5, 0.0))
    assert found.words["v"] == ["ab"]
    assert found.scores["u"] < found.scores["v"] - 100


def test_spellings_and_homophones(program, files):
    lexicon, lm = files
    lexicon.write_text("cab\tc a b\ncab\tc c\na\ta\nba\ta\n")
    split = log_probs({"u": clear_values("cc a cab")})
    found = EngineSearch(program, lexicon, lm, Decoding()).decode(split, Weights(0.5, 0.0))
    assert found.words["u"] in (["cab", "a", "cab"], ["cab", "ba", "cab"])
    scores = {words: lm_score(words) for words in (("cab", "a", "cab"), ("cab", "ba", "cab"))}
    assert tuple(found.words["u"]) == max(scores, key=lambda words: scores[words])


def test_a_long_utterance_keeps_its_words(program, files):
    """More words than the search holds at a time: what no path needs is dropped."""
    text = " ".join(np.random.default_rng(4).choice(WORDS, size=1500))
    split = log_probs({"u": clear_values(text), "v": clear_values("ba")})
    narrow = Decoding(beam=20, beam_threshold=15.0)
    found = EngineSearch(program, *files, narrow).decode(split, Weights(0.5, 0.0))
    assert found.words == {"u": text.split(), "v": ["ba"]}


def test_look_ahead_changes_the_search_not_the_score(program, files, tmp_path):
    first_pass = tmp_path / "first.arpa"
    first_pass.write_text(arpa_text().replace("-0.9\tab", "-3.0\tab"))
    values = {f"u{seed}": random_values(np.random.default_rng(seed), 12) for seed in range(10)}
    split, weights = log_probs(values), Weights(0.7, -1.5)
    plain = EngineSearch(program, *files, WIDE).decode(split, weights)
    ahead = EngineSearch(program, *files, WIDE, first_pass).decode(split, weights)
    assert ahead.words == plain.words
    assert list(ahead.scores.values()) == pytest.approx(list(plain.scores.values()), abs=0.05)
    narrow = Decoding(beam=4, beam_threshold=6.0, token_beam=5)
    one = EngineSearch(program, *files, narrow).decode(split, weights)
    other = EngineSearch(program, *files, narrow, first_pass).decode(split, weights)
    assert one.scores != other.scores


def test_its_search_errors_are_counted_beside_flashlights(program, files, tmp_path):
    lexicon, lm = files
    values = {f"u{seed}": random_values(np.random.default_rng(seed), 6) for seed in range(10)}
    write_logprobs(tmp_path / "dev.npz", log_probs(values))
    write_cuts(tmp_path / "dev.cuts.jsonl.gz", dict.fromkeys(values, "ba a"))
    write_json(tmp_path / "weights.json", {"lm_weight": 0.7, "word_bonus": 0.5})
    toy_graph(tmp_path / "graph.fst", lm, lexicon)
    wide = GraphSettings(beam=500, max_active=100000, lattice_beam=500)
    reference = Reference(
        tmp_path / "graph.fst", lm, lexicon, tmp_path / "weights.json", wide, count=100
    )
    found = count_search_errors(
        reference,
        tmp_path / "dev.npz",
        tmp_path / "dev.cuts.jsonl.gz",
        WIDE,
        [1, 2000],
        {},
        {"flashlight": None, "lexicon": program},
    )
    errors = {each.name: len(each.errors) for each in found}
    assert list(errors) == [
        f"{search}, beam {beam}" for search in ("flashlight", "lexicon") for beam in (1, 2000)
    ]
    assert errors["lexicon, beam 1"] > errors["lexicon, beam 2000"] == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [("cab c a b", "line 2"), ("cab\t", "line 2"), ("\tc a b", "line 2"), ("ad\ta d", "unit")],
)
def test_a_damaged_lexicon_is_refused(program, files, line, message):
    lexicon, lm = files
    lexicon.write_text(f"a\ta\n{line}\n")
    with pytest.raises(UserError, match=message):
        EngineSearch(program, lexicon, lm, WIDE).decode(
            log_probs({"u": clear_values("a")}), WEIGHTS[0]
        )


def test_missing_files_and_programs_are_named(program, files, tmp_path):
    lexicon, lm = files
    empty = log_probs({"u": clear_values("a")})
    with pytest.raises(UserError, match="no KenLM language model"):
        EngineSearch(program, lexicon, tmp_path / "none.bin", WIDE).decode(empty, WEIGHTS[0])
    with pytest.raises(UserError, match="cannot be opened"):
        EngineSearch(program, tmp_path / "none", lm, WIDE).decode(empty, WEIGHTS[0])
    with pytest.raises(UserError, match="build the engine"):
        EngineSearch(tmp_path / "none", lexicon, lm, WIDE).decode(empty, WEIGHTS[0])
