"""Search errors: how often a decoder misses words that score better than those it returns.

A reference search leaves a list of hypotheses for each utterance. These hypotheses and the words of
all compared decoders are scored exactly (`schatten.decode.exact`), by the model that the decoders
share. If the best of them beats a decoder's words, that decoder made a search error. The counts are
lower bounds: a better sentence that no search found remains unseen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import kaldialign

from schatten.artifacts import SearchError, SearchErrors
from schatten.decode.exact import ExactScorer
from schatten.decode.logprobs import Frames, LogProbs
from schatten.transcripts import Utterance

TOLERANCE = 1e-3
"""Natural log: scores that differ by less than this count as equal."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class DecoderErrors:
    """A decoder's search errors on a split."""

    name: str
    errors: list[SearchError]
    spoken: int
    """Words of the transcripts."""
    word_errors: int
    """Word errors of the decoder against the transcripts."""

    @property
    def errors_per_thousand(self) -> float:
        """Utterances with a search error for every thousand words spoken."""
        return 1000.0 * len(self.errors) / self.spoken

    @property
    def words_per_thousand(self) -> float:
        """Words that differ from the best-scoring ones, for every thousand words spoken."""
        different = (_distance(error.better, error.words) for error in self.errors)
        return 1000.0 * sum(different) / self.spoken

    @property
    def wer(self) -> float:
        """Word error rate, in percent."""
        return 100.0 * self.word_errors / self.spoken

    def summary(self) -> SearchErrors:
        """Return counts, rates and every error."""
        rounded = [
            error.model_copy(update={"missed": round(error.missed, 4)}) for error in self.errors
        ]
        return SearchErrors(
            decoder=self.name,
            search_errors=len(self.errors),
            search_errors_per_thousand_words=round(self.errors_per_thousand, 4),
            words_lost_per_thousand_words=round(self.words_per_thousand, 4),
            wer=round(self.wer, 4),
            words=self.spoken,
            errors=rounded,
        )


def find_search_errors(
    split: LogProbs,
    references: Sequence[Utterance],
    outputs: Mapping[str, Mapping[str, Sequence[str]]],
    candidates: Callable[[Frames], list[list[str]]],
    scorer: ExactScorer,
) -> list[DecoderErrors]:
    """Compare decoders' `outputs` (words by utterance) with each other and with `candidates`.

    `candidates` is the reference: it returns hypotheses of (frames, units) log-probabilities.
    """
    found: dict[str, list[SearchError]] = {name: [] for name in outputs}
    for utterance, values in split:
        said = {name: tuple(output[utterance]) for name, output in outputs.items()}
        every = dict.fromkeys([*map(tuple, candidates(values)), *said.values()])
        scores = {words: scorer.score(values, words) for words in every}
        best = max(scores, key=lambda words: scores[words])
        for name, words in said.items():
            missed = scores[best] - scores[words]
            if missed > TOLERANCE:
                found[name].append(
                    SearchError(utterance=utterance, words=words, better=best, missed=missed)
                )
    spoken = sum(len(reference.words) for reference in references)
    return [
        DecoderErrors(name, errors, spoken, _word_errors(references, outputs[name]))
        for name, errors in found.items()
    ]


def _word_errors(references: Sequence[Utterance], output: Mapping[str, Sequence[str]]) -> int:
    return sum(_distance(each.words, output[each.id]) for each in references)


def _distance(first: Sequence[str], second: Sequence[str]) -> int:
    return int(kaldialign.edit_distance(list(first), list(second))["total"])


def errors_table(compared: Sequence[DecoderErrors]) -> str:
    """Return one line for each decoder, below a line of titles."""
    lines = ["decoder                search errors  per 1000 words  words lost per 1000  WER %"]
    lines += [
        f"{each.name:<22} {len(each.errors):>13} {each.errors_per_thousand:>15.2f} "
        f"{each.words_per_thousand:>20.2f} {each.wer:>6.2f}"
        for each in compared
    ]
    return "\n".join(lines)
