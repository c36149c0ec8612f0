import pytest

from schatten.report.columns import Column, bracket, interval, line, number, rounded, summary, words
from schatten.report.verdict import verdict
from schatten.score.paired import Difference

COLUMNS: tuple[Column[dict[str, float]], ...] = (
    words("seed", "seed", lambda row: int(row["seed"])),
    number("WER", "wer", lambda row: row.get("wer")),
    words("beam", "beam", lambda row: int(row["beam"])),
    interval("95 %", "wer", lambda row: (row["wer"] - 1, row["wer"] + 1)),
)


def test_people_see_rounded_numbers_and_the_csv_raw_ones() -> None:
    column: Column[int] = number("M", "m", lambda row: row, digits=1, scale=1e-6)
    (cell,) = line((column,), 2_345_678)
    assert (cell.values, cell.text) == ((2_345_678,), "2.3")


def test_a_missing_value_is_empty() -> None:
    cells = line(COLUMNS[1:2], {"seed": 1})
    assert (cells[0].values, cells[0].text) == ((None,), "")


def test_seeds_are_summarised_by_mean_and_sample_deviation() -> None:
    rows = [{"seed": 1, "wer": 10.0, "beam": 5}, {"seed": 2, "wer": 12.0, "beam": 5}]
    mean, deviation = summary(COLUMNS, rows, "seed")
    assert [cell.text for cell in mean] == ["mean ± std", "11.00 ± 1.41", "5", ""]
    assert mean[1].values == (11.0,)
    assert deviation[1].values == (pytest.approx(2**0.5),)
    assert not any(cell.text for cell in deviation)


def test_a_summary_is_silent_where_seeds_disagree_or_a_value_is_missing() -> None:
    rows = [{"seed": 1, "wer": 10.0, "beam": 5}, {"seed": 2, "wer": 10.0, "beam": 6}]
    mean, _ = summary(COLUMNS, rows, "seed")
    assert [cell.text for cell in mean] == ["mean ± std", "10.00", "", ""]
    mean, _ = summary(COLUMNS[:2], [{"seed": 1, "wer": 10.0}, {"seed": 2}], "seed")
    assert mean[1].values == (None,)


def test_zero_has_no_minus() -> None:
    assert rounded(-0.001, 2) == "0.00"
    assert bracket(-0.001, 0.5, signed=True) == "[+0.00, +0.50]"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-3.0, -0.1, "better"),
        (-0.4, 0.8, "not worse, tie [-0.40, +0.80]"),
        (0.0, 1.49, "not worse, tie [+0.00, +1.49]"),
        (-2.0, 0.8, "not worse"),
        (0.2, 1.4, "not worse"),
        (-0.4, 1.5, "undecided"),
        (0.1, 1.5, "worse"),
    ],
)
def test_verdicts_follow_from_the_paired_interval(low: float, high: float, said: str) -> None:
    assert verdict(Difference((low + high) / 2, low, high, p=0.5), margin=1.5) == said
