"""How sure the engine's search is of its words: a temperature chosen on dev, and its reliability.

A word's confidence is the posterior of the texts that have it. Posteriors are those of scores
divided by a temperature: temperature scaling, by Guo et al. (2017), "On calibration of modern
neural networks", section 4.2. It changes no word.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import kaldialign
import numpy as np
import numpy.typing as npt

from schatten.artifacts import Reliability, ReliabilityBin
from schatten.artifacts import Weights as StoredWeights
from schatten.decode.engine_search import EngineSearch, EngineWords, RunningSearch
from schatten.decode.logprobs import read_logprobs
from schatten.decode.weights import Weights, read_weights
from schatten.errors import UserError
from schatten.transcripts import Utterance, read_references, require_same_utterances

Floats = npt.NDArray[np.float64]

TEMPERATURES = tuple(round(0.5 * 1.25**step, 3) for step in range(18))
"""Temperatures that are tried: 0.5 to 22."""
BINS = 10
"""Bins of confidence, equally wide."""
_LEAST = 0.01
"""Confidences are clipped to this and its complement in the likelihood: the search keeps few texts,
so that a word that all of them have gets 1."""
_MISSING = ""


def choose_temperature(
    search: RunningSearch, weights: Weights, references: Sequence[Utterance]
) -> float | None:
    """Return the temperature under which the words' being right or wrong is likeliest.

    None if nothing was recognised.
    """
    found = search.decode(weights, temperatures=TEMPERATURES)
    right = right_words(found.words, references)
    if not right.size:
        return None
    losses = [
        _loss(_confidences(found, references, place), right) for place in range(len(TEMPERATURES))
    ]
    return TEMPERATURES[int(np.argmin(losses))]


def right_words(
    words: Mapping[str, Sequence[str]], references: Sequence[Utterance]
) -> npt.NDArray[np.bool_]:
    """Return whether each recognised word is right, utterance by utterance, by least edits."""
    found = [
        one == said
        for each in references
        for one, said in kaldialign.align(list(each.words), list(words[each.id]), _MISSING)
        if said != _MISSING
    ]
    return np.array(found, dtype=bool)


def _confidences(found: EngineWords, references: Sequence[Utterance], place: int) -> Floats:
    """Return the confidences of all words by one of the temperatures, in the same order."""
    sure = [one for each in references for one in found.confidences[each.id][place]]
    return np.maximum(np.array(sure), 0.0)  # the engine says -1 where no text could end


def _loss(confidences: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Return the negative log-likelihood of a word's being right or wrong (natural log)."""
    clipped = np.clip(confidences, _LEAST, 1 - _LEAST)
    return float(-np.log(np.where(right, clipped, 1 - clipped)).mean())


def reliability(logprobs: Path, cuts: Path, search: EngineSearch, weights: Path) -> Reliability:
    """Compare confidences with how often the words are right.

    `weights`: with the temperature of `tune`; 1 if it has none. Errors: `UserError` for utterances
    that differ, and where nothing is recognised.
    """
    split, references = read_logprobs(logprobs), read_references(cuts)
    require_same_utterances(split.ids, logprobs, [each.id for each in references], cuts)
    temperature = StoredWeights.read_tuned(weights).temperature or 1.0
    with search.opened(split) as running:
        found = running.decode(read_weights(weights), temperatures=[temperature])
    right = right_words(found.words, references)
    if not right.size:
        raise UserError(f"{logprobs}: no word is recognised, so none has a confidence")
    return measured(_confidences(found, references, 0), right, temperature)


def reliability_of(
    answers: Sequence[tuple[Utterance, Mapping[str, Any]]], temperature: float
) -> Reliability | None:
    """Compare the confidences in the engine's answers, as JSON, with how often words are right.

    None if it recognised no word. `temperature`: that of the answers.
    """
    references = [reference for reference, _ in answers]
    words = {one.id: [word["word"] for word in answer["words"]] for one, answer in answers}
    right = right_words(words, references)
    if not right.size:
        return None
    sure = [word.get("confidence", 0.0) for _, answer in answers for word in answer["words"]]
    return measured(np.array(sure), right, temperature)


def measured(confidences: Floats, right: npt.NDArray[np.bool_], temperature: float) -> Reliability:
    """Return the expected calibration error (Guo et al., equation 3) and its bins.

    It is the mean difference of confidence and share of right words in a bin, weighed by words.
    """
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    bins = []
    for place in range(BINS):
        chosen = places == place
        if count := int(chosen.sum()):
            bins.append(
                ReliabilityBin(
                    low=place / BINS,
                    words=count,
                    confidence=round(float(confidences[chosen].mean()), 4),
                    right=round(float(right[chosen].mean()), 4),
                )
            )
    error = sum(one.words * abs(one.confidence - one.right) for one in bins) / len(right)
    return Reliability(
        temperature=temperature,
        words=len(right),
        right=round(float(right.mean()), 4),
        confidence=round(float(confidences.mean()), 4),
        expected_calibration_error=round(error, 4),
        bins=bins,
    )


def as_lines(found: Reliability) -> list[str]:
    """Return a reliability as a table for a terminal."""
    lines = ["confidence   words   mean   right"]
    lines += [
        f"{one.low:.1f} to {one.low + 1 / BINS:.1f}  {one.words:6d}  {one.confidence:.3f}  "
        f"{one.right:.3f}"
        for one in found.bins
    ]
    return [
        *lines,
        f"expected calibration error {found.expected_calibration_error:.4f} over {found.words} "
        f"words at temperature {found.temperature:g}",
    ]
