"""Confidences of words: a temperature from dev, and how reliable they are."""

from pathlib import Path

import numpy as np
import pytest
from toy_decoding import RECIPE, WORDS, clear_values, log_probs, random_values, write_cuts
from typer.testing import CliRunner

from schatten.artifacts import Reliability
from schatten.artifacts import Weights as StoredWeights
from schatten.cli import app
from schatten.decode.confidence import TEMPERATURES, measured, right_words
from schatten.decode.files import SearchFiles
from schatten.decode.logprobs import write_logprobs
from schatten.decode.tune import tune
from schatten.recipe.decoding import Decoding
from schatten.transcripts import Utterance


def test_the_calibration_error_is_the_mean_difference_of_bins() -> None:
    confidences = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55, 1.0])
    right = np.array([True, True, True, False, True, False, True])
    found = measured(confidences, right, 1.5)
    assert [(one.low, one.words) for one in found.bins] == [(0.5, 2), (0.9, 5)]
    expected = (2 * abs(0.55 - 0.5) + 5 * abs(0.96 - 0.8)) / 7
    assert found.expected_calibration_error == pytest.approx(expected, abs=1e-4)


def test_words_are_right_by_least_edits() -> None:
    references = [Utterance("u", "s", ("call", "my", "mother")), Utterance("v", "s", ("a",))]
    words = {"u": ["call", "a", "mother", "now"], "v": []}
    assert right_words(words, references).tolist() == [True, False, True, False]


@pytest.fixture
def spoken(tmp_path: Path) -> tuple[Path, Path]:
    """Utterances of which a third is noise, and their transcripts."""
    generator = np.random.default_rng(9)
    values, texts = {}, {}
    for number in range(90):
        text = " ".join(generator.choice(WORDS, size=generator.integers(1, 4)))
        clear = clear_values(text)
        noise = random_values(generator, len(clear)) * (1.5 if number % 3 == 0 else 0.3)
        total = np.logaddexp.reduce(clear + noise, axis=1, keepdims=True)
        values[f"s-{number:02d}"] = (clear + noise - total).astype(np.float32)
        texts[f"s-{number:02d}"] = text
    write_logprobs(tmp_path / "dev.npz", log_probs(values))
    return tmp_path / "dev.npz", write_cuts(tmp_path / "dev.cuts.jsonl.gz", texts)


def test_tuning_chooses_a_temperature_that_makes_confidences_reliable(
    spoken: tuple[Path, Path], lexicon: Path, arpa: Path, program: Path, tmp_path: Path
) -> None:
    settings = Decoding(lm_weights=(0.5,), word_bonuses=(0.0,))
    tuned = tune(*spoken, SearchFiles(arpa, lexicon, program), settings)
    assert tuned.temperature in TEMPERATURES
    tuned.write(tmp_path / "weights.json")
    assert StoredWeights.read_tuned(tmp_path / "weights.json").temperature == tuned.temperature

    (tmp_path / "recipe.yaml").write_text(RECIPE)

    def error(weights: Path) -> float:
        options = {"recipe": tmp_path / "recipe.yaml", "logprobs": spoken[0], "cuts": spoken[1]}
        options |= {"lm": arpa, "lexicon": lexicon, "weights": weights, "program": program}
        options |= {"output": tmp_path / "reliability.json"}
        given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        done = CliRunner().invoke(app, ["reliability", *given], catch_exceptions=False)
        assert "expected calibration error" in done.output
        return Reliability.read(tmp_path / "reliability.json").expected_calibration_error

    far = tmp_path / "far.json"
    StoredWeights(lm_weight=0.5, word_bonus=0.0, temperature=20.0).write(far)
    assert error(tmp_path / "weights.json") < 0.15 < error(far)
