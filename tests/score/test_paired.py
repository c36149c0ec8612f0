from pathlib import Path

import numpy as np
import pytest
from scoring import counts
from typer.testing import CliRunner

from schatten.cli.decode import app
from schatten.errors import UserError
from schatten.score.counts import Counts, write_counts
from schatten.score.paired import Difference, paired_difference, relative_difference


def paired(folder: Path, a: list[Counts], b: list[Counts], samples: int = 1000) -> Difference:
    write_counts(folder / "a.csv", a)
    write_counts(folder / "b.csv", b)
    return paired_difference(folder / "a.csv", folder / "b.csv", samples)


def system(errors: np.ndarray, words: int = 5) -> list[Counts]:
    return [counts(f"kim-{number}", words, int(each)) for number, each in enumerate(errors)]


def test_a_system_ties_with_itself(tmp_path: Path) -> None:
    errors = np.random.default_rng(1).binomial(5, 0.2, size=60)
    assert paired(tmp_path, system(errors), system(errors)) == Difference(0.0, 0.0, 0.0, 1.0)


def of_speakers(speakers: int, utterances: int, errors: np.ndarray) -> list[Counts]:
    """Counts of utterances of 5 words; `errors` by speaker and utterance."""
    names = [
        f"{speaker:02}-{number}" for speaker in range(speakers) for number in range(utterances)
    ]
    pairs = zip(names, errors.reshape(-1), strict=True)
    return [counts(name, 5, int(each)) for name, each in pairs]


@pytest.mark.parametrize("speakers", [19, 20])
def test_twenty_speakers_are_drawn_whole_and_judged_by(tmp_path: Path, speakers: int) -> None:
    """Two speakers do worse in all utterances, and the others as before."""
    errors = np.ones((speakers, 12))
    worse = errors.copy()
    worse[:2] += 1
    found = paired(tmp_path, of_speakers(speakers, 12, errors), of_speakers(speakers, 12, worse))
    assert (found.by_speaker is not None) == (speakers == 20)
    assert 0.0 < found.by_utterance[0] < found.points < found.by_utterance[1]
    if found.by_speaker is not None:
        assert (found.low, found.high) == found.by_speaker
        assert found.low == 0.0 and found.high > found.by_utterance[1]
        assert found.p > 0.05, "the p-value is of speakers too"


@pytest.mark.nightly
def test_of_equal_systems_speakers_miss_zero_in_one_of_twenty_comparisons(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    missed = {"speakers": 0, "utterances": 0}
    for _ in range(400):
        rates = generator.beta(1.0, 4.0, size=(2, 25, 1))
        a, b = (generator.binomial(5, rate * np.ones((25, 12))) for rate in rates)
        found = paired(tmp_path, of_speakers(25, 12, a), of_speakers(25, 12, b), samples=400)
        assert found.by_speaker is not None
        for name, (low, high) in zip(missed, (found.by_speaker, found.by_utterance), strict=True):
            missed[name] += low > 0.0 or high < 0.0
    assert missed["speakers"] / 400 < 0.09 < missed["utterances"] / 400


def test_difference_is_of_the_second_minus_the_first(tmp_path: Path) -> None:
    a = [counts("kim-1", 10, 1), counts("kim-2", 30, 3)]
    b = [counts("kim-2", 30, 9), counts("kim-1", 10, 3)]
    difference = paired(tmp_path, a, b)
    assert difference.points == pytest.approx(20.0)
    assert difference.low == pytest.approx(20.0)
    assert difference.high == pytest.approx(20.0)


def test_pairing_sees_what_the_two_intervals_hide(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    shared = generator.binomial(10, generator.beta(0.5, 3.0, size=400))
    worse = np.minimum(shared + generator.binomial(1, 0.08, size=400), 10)
    difference = paired(tmp_path, system(shared, 10), system(worse, 10))
    assert difference.low > 0.0
    assert difference.high - difference.low < 1.0
    assert difference.p < 0.01


def test_one_more_error_is_no_difference(tmp_path: Path) -> None:
    errors = np.zeros(100, dtype=int)
    more = errors.copy()
    more[:3], errors[3:5] = 1, 1
    difference = paired(tmp_path, system(errors), system(more))
    assert difference.low < 0.0 < difference.high
    assert difference.p > 0.3


def test_the_interval_is_half_covered_by_halves_of_the_p_value(tmp_path: Path) -> None:
    """p falls below 1 - confidence where the interval leaves zero out."""
    generator = np.random.default_rng(6)
    for shift in np.linspace(0.0, 0.08, 9):
        first = generator.binomial(5, 0.2, size=200)
        second = np.minimum(first, 5) * (generator.random(200) > 0.2)
        second = np.minimum(second + generator.binomial(5, 0.02 + shift, size=200), 5)
        difference = paired(tmp_path, system(first), system(second), samples=2000)
        excludes_zero = difference.low > 0.0 or difference.high < 0.0
        if abs(difference.p - 0.05) > 0.01:
            assert excludes_zero == (difference.p < 0.05)


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    generator = np.random.default_rng(8)
    a, b = (system(generator.binomial(5, 0.2, size=80)) for _ in range(2))
    assert paired(tmp_path, a, b) == paired(tmp_path, a, b)


def test_other_utterances_are_named(tmp_path: Path) -> None:
    a = [counts("kim-1", 3), counts("kim-2", 3)]
    with pytest.raises(UserError, match=r"b\.csv lacks 1 utterance \(kim-2\)"):
        paired(tmp_path, a, a[:1])
    with pytest.raises(UserError, match=r"b\.csv has 1 utterance \(kim-2\)"):
        paired(tmp_path, a[:1], a)


def test_other_transcripts_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="differ in the transcript of kim-1"):
        paired(tmp_path, [counts("kim-1", 3)], [counts("kim-1", 4)])


@pytest.mark.parametrize("content", ["", "a,b\n", "utterance,words\nkim-1,x\n"])
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=r"a\.csv holds no"):
        paired_difference(path, path)


def test_a_cut_off_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_counts(path, [counts("kim-1", 3)])
    path.write_text(path.read_text()[:-4])
    with pytest.raises(UserError, match=r"a\.csv holds no counts"):
        paired_difference(path, path)


def relative(folder: Path, names: list[str], a: list[int], b: list[int]):
    for file, errors in (("a.csv", a), ("b.csv", b)):
        write_counts(folder / file, [counts(n, 10, e) for n, e in zip(names, errors, strict=True)])
    return relative_difference(folder / "a.csv", folder / "b.csv")


def test_a_relative_difference_is_in_percent_of_the_firsts_errors(tmp_path: Path) -> None:
    found = relative(tmp_path, ["kim-1", "kim-2"], [4, 4], [5, 5])
    assert (found.percent, found.low, found.high) == (25.0, 25.0, 25.0)
    assert not found.by_speaker, "one speaker alone cannot be drawn"


def test_speakers_are_drawn_whole_where_they_repeat(tmp_path: Path) -> None:
    """One speaker of ten does worse in all utterances: no evidence about another speaker."""
    speakers = [f"s{number}" for number in range(10)]
    names = [f"{speaker}-{number}" for speaker in speakers for number in range(20)]
    worse = [2 + (name.startswith("s0-")) for name in names]
    by_speaker = relative(tmp_path, names, [2] * 200, worse)
    alone = [f"{name.replace('-', '')}-0" for name in names]
    by_utterance = relative(tmp_path, alone, [2] * 200, worse)
    assert (by_speaker.by_speaker, by_utterance.by_speaker) == (True, False)
    assert by_speaker.percent == by_utterance.percent == 5.0
    assert by_speaker.low == 0.0 < by_utterance.low
    assert by_speaker.high > by_utterance.high


def test_a_system_without_errors_has_a_finite_relative_difference(tmp_path: Path) -> None:
    found = relative(tmp_path, ["kim-1", "lee-1"], [0, 0], [0, 1])
    assert found.low == 0.0 and found.high == 200.0


def test_the_verb_prints_both_differences_and_what_was_drawn(tmp_path: Path) -> None:
    write_counts(tmp_path / "a.csv", [counts("kim-1", 10, 1), counts("kim-2", 30, 3)])
    write_counts(tmp_path / "b.csv", [counts("kim-1", 10, 3), counts("kim-2", 30, 9)])
    options = ["--first", str(tmp_path / "a.csv"), "--second", str(tmp_path / "b.csv")]
    done = CliRunner().invoke(app, ["compare-scores", *options])
    assert done.exit_code == 0, done.output
    said = "+20.00 points [+20.00, +20.00], p = 0.002; +200.0 % [+200.0, +200.0] by utterances\n"
    assert done.output == said
    for name, more in (("a.csv", 0), ("b.csv", 1)):
        write_counts(tmp_path / name, of_speakers(20, 2, np.ones((20, 2)) + more))
    said = CliRunner().invoke(app, ["compare-scores", *options]).output
    both = "[+20.00, +20.00] by speakers, [+20.00, +20.00] by utterances, p = "
    assert said.startswith(f"+20.00 points {both}")
