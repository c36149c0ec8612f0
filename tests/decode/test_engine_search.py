"""The engine's search as a process that decodes several times."""

from pathlib import Path

import numpy as np
import pytest
from toy_decoding import WORDS, clear_values, log_probs, random_values

from schatten.decode.engine_search import EngineSearch
from schatten.decode.logprobs import LogProbs
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding

POINTS = [Weights(weight, bonus) for weight in (0.5, 1.5) for bonus in (-1.0, 0.0, 1.0)]


@pytest.fixture
def split() -> LogProbs:
    """Utterances of some noise."""
    generator = np.random.default_rng(6)
    values = {}
    for number in range(20):
        clear = clear_values(" ".join(generator.choice(WORDS, size=3)))
        values[f"s-{number}"] = (clear + random_values(generator, len(clear))).astype(np.float32)
    return log_probs(values)


def test_one_process_finds_what_separate_ones_find(
    split: LogProbs, lexicon: Path, arpa: Path, program: Path
) -> None:
    def alone(weights: Weights, beam: int) -> tuple[dict[str, list[str]], dict[str, float]]:
        found = EngineSearch(program, lexicon, arpa, Decoding(beam=beam)).decode(split, weights)
        return found.words, found.scores

    with EngineSearch(program, lexicon, arpa, Decoding(beam=20)).opened(split) as running:
        for weights in POINTS:
            found = running.decode(weights)
            assert (found.words, found.scores) == alone(weights, 20)
        narrow = running.decode(POINTS[4], beam=1)
    assert (narrow.words, narrow.scores) == alone(POINTS[4], 1) != alone(POINTS[4], 20)


def test_a_program_that_ends_early_is_said(split: LogProbs, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    search = EngineSearch(program, tmp_path / "lexicon", tmp_path / "lm", Decoding())
    with pytest.raises(UserError, match="ended early, with status 3"):
        search.decode(split, POINTS[0])


def test_an_error_of_the_caller_ends_the_program(
    split: LogProbs, lexicon: Path, arpa: Path, program: Path
) -> None:
    search = EngineSearch(program, lexicon, arpa, Decoding())
    with pytest.raises(ValueError, match="ours"), search.opened(split):
        raise ValueError("ours")
