"""The model card: what it says stands in the artifacts."""

import pytest

from schatten.artifacts import BundledFile, Manifest, Score, read
from schatten.report.card import model_card
from schatten.report.collect import Experiment

SPEED = {
    "audio_seconds": 50.0,
    "rtf": 0.005,
    "acoustic_share": 0.25,
    "first_seconds": 0.31,
    "final_seconds": 0.0002,
    "load_seconds": 0.2,
    "peak_megabytes": 10.2,
}


@pytest.fixture
def card(experiment: Experiment, tmp_path):
    """Return a function that writes the card of the dense model."""
    (tmp_path / "lexicon.txt").write_text("call\tc a l l\njon\tj o n\n")
    sizes = {"model.gguf": 820_000, "lm.bin": 5_000_000, "lexicon.txt": 24}
    files = {name: BundledFile(bytes=size) for name, size in sizes.items()}
    Manifest(files=files, bytes=sum(sizes.values()), search={}).write(tmp_path / "manifest.json")
    node = experiment.recipe.node("dense", 1, "stage1")

    def make(speed):
        return model_card(experiment, node, "large", tmp_path, speed, "Some CPU")

    return make


def test_rates_and_sizes_are_those_of_the_artifacts(card, experiment):
    node = experiment.recipe.node("dense", 1, "stage1")
    score = read(experiment.layout.score(node, "engine", "large", "test", "int8"), Score)
    said = card(SPEED)
    low, high = score.wer_interval
    assert f"| {score.wer:.2f} | [{low:.2f}, {high:.2f}] |" in said
    assert "| model | 0.82 |" in said and "| lexicon (2 lines) | 0.00 |" in said
    assert "on one thread of Some CPU, over 50 s" in said
    assert "- 200 times real time, 25 % of the time" in said
    assert "final text 0.2 ms after" in said


def test_without_a_measurement_it_says_so(card):
    said = card({})
    assert "Not measured" in said and "times real time" not in said
