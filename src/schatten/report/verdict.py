"""What may be said of a row against the baseline, given the paired interval of its difference."""

from schatten.report.columns import bracket
from schatten.score.paired import Difference, RelativeDifference


def verdict(difference: Difference | RelativeDifference, margin: float) -> str:
    """Return what the interval allows to say; `margin` is in points of WER, or relative in %.

    `not worse`: its upper end is below the margin. `tie` is said only with the interval, where
    that holds zero and the row is neither worse nor better by the margin.
    """
    low, high = difference.low, difference.high
    if high < 0:
        return "better"
    if -margin < low <= 0 and high < margin:
        return f"not worse, tie {bracket(low, high, signed=True)}"
    if high < margin:
        return "not worse"
    return "worse" if low > 0 else "undecided"
