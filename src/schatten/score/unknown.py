"""Words of the transcripts that are out of the lexicon: their number and their errors."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from schatten.artifacts import OutOfLexicon
from schatten.score.alignment import Aligned


@dataclass(frozen=True)
class Unknown:
    """The effect of words out of the lexicon on the word error rate; rates are in %."""

    said: Counter[str]
    """How often each unknown word is said."""
    wrong: Counter[str]
    """How often each is substituted or deleted; a search over the lexicon always errs."""
    words: int
    """Words of all transcripts."""
    errors: int
    """Word errors, all of them."""
    errors_without: int
    """Word errors in the utterances without unknown words."""
    words_without: int
    """Words of those utterances."""

    @property
    def count(self) -> int:
        """How often unknown words are said, in all."""
        return self.said.total()

    def cost(self) -> OutOfLexicon:
        """Return the part of `NAME.score.json` on unknown words."""
        wrong = self.wrong.total()
        return OutOfLexicon(
            count=self.count,
            percent=_percent(self.count, self.words),
            errors=wrong,
            wer=_percent(wrong, self.words),
            percent_of_errors=_percent(wrong, self.errors),
            wer_of_utterances_without=_percent(self.errors_without, self.words_without),
            words=sorted(self.said),
        )

    def lines(self) -> list[str]:
        """Return the list for people: a summary, and one line per word, the most frequent first."""
        if not self.said:
            return []
        value = self.cost()
        head = (
            f"{self.count} of {self.words} words ({value.percent:.2f} %); {value.errors} of "
            f"them wrong: {value.wer:.2f} points of WER, {value.percent_of_errors:.1f} % of "
            f"all errors. WER of utterances without them: {value.wer_of_utterances_without:.2f}"
        )
        ranked = sorted(self.said.items(), key=lambda item: (-item[1], item[0]))
        return [head, *(f"{n:6d}  {self.wrong[word]:6d}  {word}" for word, n in ranked)]


def find_unknown(aligned: Sequence[Aligned], lexicon: Collection[str]) -> Unknown:
    """Return the effect of words outside `lexicon` on some utterances."""
    pairs = [pair for each in aligned for pair in each.pairs if pair[0]]
    without = [each for each in aligned if all(word in lexicon for word in each.reference.words)]
    return Unknown(
        said=Counter(said for said, _ in pairs if said not in lexicon),
        wrong=Counter(said for said, heard in pairs if said not in lexicon and said != heard),
        words=sum(each.words for each in aligned),
        errors=sum(each.errors for each in aligned),
        errors_without=sum(each.errors for each in without),
        words_without=sum(each.words for each in without),
    )


def _percent(count: int, total: int) -> float:
    return round(100.0 * count / max(total, 1), 4)
