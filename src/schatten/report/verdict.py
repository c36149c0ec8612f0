"""The verdict on a row: a comparison with the baseline by the paired interval of its difference."""

from schatten.report.columns import bracket
from schatten.score.paired import Difference, RelativeDifference


def verdict(difference: Difference | RelativeDifference, margin: float) -> str:
    """Return the verdict that the interval allows; `margin` is in points of WER, or relative in %.

    `not worse`: its upper end is below the margin. `tie`: it also holds zero, and its lower end
    does not reach the margin. A tie is always given with its interval.
    """
    low, high = difference.low, difference.high
    word = verdict_word(difference, margin)
    if word == "not worse" and -margin < low <= 0:
        return f"{word}, tie {bracket(low, high, signed=True)}"
    return word


def verdict_word(difference: Difference | RelativeDifference, margin: float) -> str:
    """Return the verdict without saying whether it is a tie; `margin` as in `verdict`."""
    low, high = difference.low, difference.high
    if high < 0:
        return "better"
    if high < margin:
        return "not worse"
    return "worse" if low > 0 else "undecided"
