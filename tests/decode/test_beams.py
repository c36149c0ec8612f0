from pathlib import Path

import numpy as np
import pytest
from toy_decoding import WORDS, clear_values, log_probs, random_values, write_cuts

from schatten.decode.beams import measure
from schatten.decode.files import SearchFiles
from schatten.decode.logprobs import write_logprobs
from schatten.recipe.curves import BeamCurve
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import write_json


@pytest.fixture
def split(tmp_path: Path) -> tuple[Path, Path]:
    """Utterances of some noise, and their transcripts."""
    generator = np.random.default_rng(5)
    values, texts = {}, {}
    for number in range(30):
        text = " ".join(generator.choice(WORDS, size=4))
        clear = clear_values(text)
        values[f"s-{number:02d}"] = clear + 0.6 * random_values(generator, len(clear))
        texts[f"s-{number:02d}"] = text
    write_logprobs(tmp_path / "dev.npz", log_probs(values))
    return tmp_path / "dev.npz", write_cuts(tmp_path / "dev.cuts.jsonl.gz", texts)


@pytest.mark.parametrize("decoder", ["lexicon", "flashlight", "open"])
def test_narrow_beams_find_other_words(
    decoder: str,
    split: tuple[Path, Path],
    arpa: Path,
    character_arpa: Path,
    lexicon: Path,
    program: Path,
    tmp_path: Path,
) -> None:
    weights = tmp_path / "weights.json"
    write_json(weights, {"lm_weight": 1.0, "word_bonus": 0.0})
    files = {
        "lexicon": SearchFiles(arpa, lexicon, program),
        "flashlight": SearchFiles(arpa, lexicon),
        "open": SearchFiles(character_arpa, None),
    }[decoder]
    curve = BeamCurve(beams=(100, 1, 10), rounds=2)
    value = measure(*split, files, weights, Decoding(), curve)
    assert (value.utterances, value.rounds) == (30, 2)
    assert value.seconds_of_audio > 0
    one, ten, hundred = value.beams
    assert [point.beam for point in value.beams] == [1, 10, 100]
    assert one.differing > ten.differing >= hundred.differing == 0
    assert one.wer > hundred.wer > 0
    assert all(point.seconds > 0 for point in value.beams)
