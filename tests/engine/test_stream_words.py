"""A stream's own words and phrases, against all sentences; what a words file may not hold.

Toys know all their words; where some are the stream's own, the lexicon is the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import arpa_text, clear_values, log_probs
from toy_words import GRAMS, LETTERS, PHONES, ToyWords, draw, draw_values

from schatten.decode.engine_search import EngineSearch
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding
from schatten.units import Units

WIDE = Decoding(beam=5000, beam_threshold=300.0, token_beam=10)
WEIGHTS = Weights(0.6, 1.5)
DRAWS = pytest.mark.parametrize(
    "draws",
    [range(8), pytest.param(range(8, 60), marks=pytest.mark.nightly)],
    ids=["few", "many"],
)
KINDS = pytest.mark.parametrize(
    "units", [PHONES, LETTERS, GRAMS], ids=["phones", "characters", "grams"]
)


@pytest.fixture
def program(build):
    return build("sanitize") / "bench/decode_logprobs"


@dataclass(frozen=True)
class Boosts:
    """Boosts of words, and of phrases."""

    words: dict[str, float]
    phrases: dict[tuple[str, ...], float]

    def of(self, sentence: Sequence[str]) -> float:
        """Return what a sentence gets: each way through phrases counts e^boost - 1 as much."""
        ways = [1.0] + [0.0] * len(sentence)
        for end in range(1, len(sentence) + 1):
            ways[end] = ways[end - 1]
            for phrase, boost in self.phrases.items():
                begin = end - len(phrase)
                if begin >= 0 and tuple(sentence[begin:end]) == phrase:
                    ways[end] += ways[begin] * (np.exp(boost) - 1)
        return float(np.log(ways[-1])) + sum(self.words.get(word, 0) for word in sentence)

    def write(self, path: Path, toy: ToyWords, spelled: Sequence[str]) -> Path:
        """Write a words file; the words in `spelled` with all their spellings."""
        lines = []
        for word, boost in self.words.items():
            spellings = toy.spellings[word] if word in spelled else [()]
            for spelling in spellings:
                units = " ".join(toy.units.names[label] for label in spelling)
                lines.append(f"{word}\t{units}\t{boost}\n")
        lines += [f"{' '.join(phrase)}\t\t{boost}\n" for phrase, boost in self.phrases.items()]
        path.write_text("".join(lines))
        return path


def without(toy: ToyWords, word: str) -> ToyWords:
    """Return a toy whose lexicon lacks a word, which the language model knows."""
    kept = {one: spellings for one, spellings in toy.spellings.items() if one != word}
    return ToyWords(toy.units, kept, toy.ngrams)


@DRAWS
@KINDS
def test_words_and_phrases_score_as_all_their_paths_do(
    program, tmp_path, units: Units, draws: range
) -> None:
    for seed in draws:
        random = np.random.default_rng([3, seed])
        toy = draw(random, units)
        first, second, third = random.permutation(list(toy.spellings))
        files = without(toy, first).write(tmp_path / str(seed))
        boosts = Boosts(
            {first: round(random.uniform(-2, 3), 2), second: round(random.uniform(-2, 3), 2)},
            {(second, first): 1.5, (third, third): 0.7, (second, first, third): 2.0},
        )
        words = boosts.write(tmp_path / str(seed) / "words", toy, spelled=[first])
        values = draw_values(random, units)
        search = EngineSearch(program, *files, WIDE, words=words)
        found = search.decode(log_probs({"u": values}, units), WEIGHTS)
        expected = {
            sentence: score + boosts.of(sentence)
            for sentence, score in toy.scores(values, WEIGHTS, np.logaddexp).items()
        }
        best = max(expected, key=lambda sentence: expected[sentence])
        assert expected[tuple(found.words["u"])] == pytest.approx(expected[best], abs=1e-4)
        assert found.scores["u"] == pytest.approx(expected[best], abs=0.02)


@DRAWS
@KINDS
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_posteriors_are_those_of_all_sentences(
    program, tmp_path, units: Units, draws: range, temperature: float
) -> None:
    """Three frames have fewer than a hundred sentences, which the engine keeps."""
    for seed in draws:
        random = np.random.default_rng([4, seed])
        toy = draw(random, units)
        files = toy.write(tmp_path / str(seed))
        values = draw_values(random, units, frames=3)
        with EngineSearch(program, *files, WIDE).opened(log_probs({"u": values}, units)) as search:
            found = search.decode(WEIGHTS, temperatures=[temperature])
        expected = toy.scores(values, WEIGHTS, np.logaddexp)
        listed = {tuple(words): score for score, words in found.alternatives["u"]}
        assert len(listed) == len(found.alternatives["u"]) == len(expected)
        assert listed == pytest.approx(expected, abs=1e-3)
        scores = [score for score, _ in found.alternatives["u"]]
        assert scores == sorted(scores, reverse=True)
        assert tuple(found.words["u"]) == tuple(found.alternatives["u"][0][1])
        (confidences,) = found.confidences["u"]
        assert confidences == pytest.approx(
            confidences_of(found.words["u"], expected, temperature), abs=1e-3
        )


def confidences_of(
    best: Sequence[str], scores: dict[tuple[str, ...], float], temperature: float
) -> list[float]:
    """Return the share of the sentences that have each word of the best one."""
    weights = {one: np.exp(score / temperature) for one, score in scores.items()}
    total = sum(weights.values())
    found = np.zeros(len(best))
    for sentence, weight in weights.items():
        found += weight / total * np.array(same_words(best, sentence))
    return [float(one) for one in found]


def same_words(best: Sequence[str], other: Sequence[str]) -> list[bool]:
    """Return which words of the best sentence another one has, aligned by least edits.

    Equal words at both ends are those; then a change is taken before a word that is left out, from
    the end on.
    """
    if best and other and best[0] == other[0]:
        return [True, *same_words(best[1:], other[1:])]
    if best and other and best[-1] == other[-1]:
        return [*same_words(best[:-1], other[:-1]), True]
    edits = np.add.outer(np.arange(len(best) + 1), np.arange(len(other) + 1))
    for i, left in enumerate(best, 1):
        for k, right in enumerate(other, 1):
            ways = (
                edits[i - 1, k - 1] + (left != right),
                edits[i - 1, k] + 1,
                edits[i, k - 1] + 1,
            )
            edits[i, k] = min(ways)
    same, i, k = [False] * len(best), len(best), len(other)
    while i and k:
        is_equal = best[i - 1] == other[k - 1]
        if edits[i, k] == edits[i - 1, k - 1] + (not is_equal):
            i, k = i - 1, k - 1
            same[i] = is_equal
        elif edits[i, k] == edits[i - 1, k] + 1:
            i -= 1
        else:
            k -= 1
    return same


@pytest.fixture
def toy_files(tmp_path):
    (tmp_path / "lm.arpa").write_text(arpa_text())
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("".join(f"{word}\t{' '.join(word)}\n" for word in ("a", "ab", "ba")))
    return lexicon, tmp_path / "lm.arpa"


def heard(program, files, words: str | None, text: str, folder: Path) -> str:
    """Return what the engine hears where a text was said clearly, with the lines of a file."""
    path = None
    if words is not None:
        path = folder / "words"
        path.write_text(words)
    search = EngineSearch(program, *files, Decoding(), words=path)
    split = log_probs({"u": clear_values(text)})
    return " ".join(search.decode(split, Weights(0.5, 0.0)).words["u"])


def test_a_word_that_no_text_has_is_heard_with_a_boost(program, toy_files, tmp_path) -> None:
    said = "ba ccb a"
    assert heard(program, toy_files, None, said, tmp_path) != said
    assert heard(program, toy_files, "ccb\t\t8\n", said, tmp_path) == said
    assert heard(program, toy_files, "ccb\t\t-40\n", said, tmp_path) != said
    for lines in ("ba ccb\t\t12\n", "\ufeffccb\r\n\r\n", "bee\tc c b\t9"):
        shown = said.replace("ccb", "bee") if lines.startswith("bee") else said
        assert heard(program, toy_files, lines, said, tmp_path) == shown


def test_a_word_of_the_language_models_start_is_not_the_start(program, toy_files, tmp_path) -> None:
    """Its state is that of the empty text, so that their paths meet."""
    words = tmp_path / "words"
    words.write_text("<s>\ta\t6\n")
    search = EngineSearch(program, *toy_files, Decoding(), words=words)
    generator = np.random.default_rng(1)
    for _ in range(20):
        values = generator.normal(0, 2, clear_values("a ba").shape)
        values -= np.logaddexp.reduce(values, axis=1, keepdims=True)
        split = log_probs({"u": values.astype(np.float32)})
        with search.opened(split) as running:
            found = running.decode(Weights(0.5, 0.0), temperatures=[1.0])
        assert all(0 <= one <= 1 for one in found.confidences["u"][0])


def test_a_word_of_the_lexicon_can_be_boosted_and_damped(program, toy_files, tmp_path) -> None:
    assert heard(program, toy_files, None, "ab", tmp_path) == "ab"
    assert heard(program, toy_files, "ab\t\t-30\n", "ab", tmp_path) != "ab"
    assert set(heard(program, toy_files, "ba\t\t30\n", "ab", tmp_path).split()) == {"ba"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "it holds no word"),
        ("\n \n", "it holds no word"),
        ("\t a\n", "line 1 is not `WORD TAB UNITS TAB BOOST`"),
        ("a\ta\t1\t2\n", "line 1 is not `WORD TAB UNITS TAB BOOST`"),
        ("a\nzoë\n", "line 2 has `zoë`, but the model writes no `z`"),
        ("a\n\ncab\tc 5\n", "line 3 spells with `5`, which is no unit of the model"),
        ("cab\tc <blank>\n", "line 1 spells with `<blank>`, which is no unit"),
        ("cab\t\tmuch\n", "line 1 has the boost `much`: it must be a number from -50 to 50"),
        ("cab\t\tnan\n", "the boost `nan`: it must be a number"),
        ("cab\t\tinf\n", "the boost `inf`: it must be a number"),
        ("cab\t\t1e9\n", "the boost `1e9`: it must be a number"),
        ("cab\t\t5 6\n", "the boost `5 6`: it must be a number"),
        ("cab\t\t1\ncab\tc b\t2\n", "line 2 gives `cab` another boost than line 1"),
        ("a ba\t\t1\na  ba\t\t2\n", "line 2 gives the phrase another boost than line 1"),
        ("a ba\ta b a\n", "line 1 spells a phrase"),
        ("a ba\t\t0\n", "line 1 gives a phrase the boost `0`: it must be above 0"),
        ("a z\n", "line 1 has `z`, but the model writes no `z`"),
        (" ".join(["a"] * 17), "line 1 has more than 16 words"),
        ("a" * 501, "line 1 has more than 500 letters"),
    ],
)
def test_lines_of_no_use_are_refused_in_one_sentence(
    program, toy_files, tmp_path, lines: str, message: str
) -> None:
    with pytest.raises(UserError) as refused:
        heard(program, toy_files, lines, "a", tmp_path)
    said = str(refused.value)
    assert message in said
    assert f"{tmp_path / 'words'}: " in said
    assert "\n" not in said


def test_a_model_of_phones_wants_a_pronunciation(program, tmp_path) -> None:
    toy = draw(np.random.default_rng(0), PHONES)
    files = toy.write(tmp_path / "toy")
    words = tmp_path / "words"
    words.write_text("w\t\t2\nw zoltan\t\t3\n")
    split = log_probs({"u": draw_values(np.random.default_rng(0), PHONES)}, PHONES)
    search = EngineSearch(program, *files, WIDE, words=words)
    with pytest.raises(UserError, match="line 2 has `zoltan`, which the lexicon lacks: give its"):
        search.decode(split, WEIGHTS)
    words.write_text("w zoltan\t\t3\nzoltan\tAA K\t1\n")
    assert search.decode(split, WEIGHTS).words
