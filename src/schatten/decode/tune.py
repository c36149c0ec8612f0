"""Choosing LM weight and word bonus on dev by word error rate, on the recipe's grid.

The search starts in the middle of the grid. It tries all LM weights at the best bonus and all
bonuses at the best LM weight, until neither improves. That is some ten points of a grid of twenty.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import kaldialign

from schatten import artifacts
from schatten.decode.confidence import choose_temperature
from schatten.decode.engine_search import RunningSearch
from schatten.decode.files import GraphFiles, SearchFiles
from schatten.decode.logprobs import read_logprobs
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding
from schatten.transcripts import Utterance, read_references, require_same_utterances


@dataclass(frozen=True)
class Tuned:
    """The weights with the fewest word errors of those tried."""

    best: Weights
    errors: dict[Weights, int]
    """Word errors on dev by the weights tried."""
    words: int
    """Words in dev's transcripts."""
    at_edge: list[str]
    """Which weights lie on the grid's edge, in words: better ones may lie beyond it."""
    temperature: float | None = None
    """Of confidences with these weights; None if the decoder gives none."""

    @property
    def summary(self) -> str:
        """One line for a person."""
        edge = "".join(f"; {edge}: widen the grid" for edge in self.at_edge)
        sure = "" if self.temperature is None else f", temperature {self.temperature:g}"
        return (
            f"LM weight {self.best.lm_weight:g}, word bonus {self.best.word_bonus:g}{sure}: "
            f"{self._wer(self.best):.2f} % WER ({len(self.errors)} points tried){edge}"
        )

    def write(self, path: Path) -> None:
        """Write the choice and what was tried as JSON."""
        tried = sorted(self.errors, key=lambda point: (point.lm_weight, point.word_bonus))
        temperature = {} if self.temperature is None else {"temperature": self.temperature}
        artifacts.Weights(
            **asdict(self.best),
            **temperature,
            wer=self._wer(self.best),
            words=self.words,
            at_edge=self.at_edge,
            tried=[artifacts.TriedWeights(**asdict(one), wer=self._wer(one)) for one in tried],
        ).write(path)

    def _wer(self, point: Weights) -> float:
        return round(100.0 * self.errors[point] / self.words, 4)


def tune(logprobs: Path, cuts: Path, files: SearchFiles | GraphFiles, settings: Decoding) -> Tuned:
    """Decode dev with weights of the grid and return the best of them."""
    split = read_logprobs(logprobs)
    references = read_references(cuts)
    require_same_utterances(split.ids, logprobs, [each.id for each in references], cuts)
    words = sum(len(each.words) for each in references)
    if not words:
        raise UserError(f"{cuts} has no word in its transcripts: tune on another split")
    with files.opened(split, settings) as search:
        errors = search_grid(
            lambda weights: _word_errors(search.decode(weights).words, references),
            settings.lm_weights,
            settings.word_bonuses,
        )
        best = min(errors, key=lambda point: _order(point, errors))
        temperature = None
        if isinstance(search, RunningSearch):
            temperature = choose_temperature(search, best, references)
    return Tuned(best, errors, words, _edges(best, settings), temperature)


def search_grid(
    evaluate: Callable[[Weights], int], lm_weights: Iterable[float], word_bonuses: Iterable[float]
) -> dict[Weights, int]:
    """Return the errors of the points tried: the best of them is the best of its two lines."""
    weights, bonuses = sorted(lm_weights), sorted(word_bonuses)
    errors: dict[Weights, int] = {}

    def best_of(points: list[Weights]) -> Weights:
        errors.update((point, evaluate(point)) for point in points if point not in errors)
        return min(points, key=lambda point: _order(point, errors))

    best, last = Weights(weights[len(weights) // 2], bonuses[len(bonuses) // 2]), None
    while best != last:
        last = best
        best = best_of([Weights(weight, best.word_bonus) for weight in weights])
        best = best_of([Weights(best.lm_weight, bonus) for bonus in bonuses])
    return errors


def _order(point: Weights, errors: dict[Weights, int]) -> tuple[float, ...]:
    """Fewest errors first, then the smaller LM weight, then the smaller bonus."""
    return (errors[point], point.lm_weight, abs(point.word_bonus), point.word_bonus)


def _word_errors(words: Mapping[str, list[str]], references: list[Utterance]) -> int:
    pairs = ((list(each.words), words[each.id]) for each in references)
    return sum(kaldialign.edit_distance(*pair)["total"] for pair in pairs)


def _edges(best: Weights, settings: Decoding) -> list[str]:
    found = []
    for name, value, grid in (
        ("lm_weight", best.lm_weight, settings.lm_weights),
        ("word_bonus", best.word_bonus, settings.word_bonuses),
    ):
        if len(grid) > 1 and value in (min(grid), max(grid)):
            end = "lowest" if value == min(grid) else "highest"
            found.append(f"{name} {value:g} is the {end} of the grid")
    return found
