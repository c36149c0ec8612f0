"""Utterances shorter than half a frame: no step stops at them, and none of them is lost."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from lhotse import AudioSource, MonoCut, Recording, SupervisionSegment
from small_models import KINDS, LETTERS

from schatten import models
from schatten.artifacts import FeatureStatistics
from schatten.decode.acoustic import write_split
from schatten.decode.greedy import greedy_words
from schatten.decode.logprobs import read_logprobs
from schatten.features.pieces import Piece, extract, join
from schatten.features.store import archive_of, compute, read_features, write_statistics
from schatten.models.layers import MaskedBatchNorm
from schatten.recipe.training import Training
from schatten.runtime.files import write_jsonl
from schatten.train.objectives.ctc import Ctc
from schatten.train.speech import Speech
from schatten.train.targets import Targets
from schatten.units.spelled import SpelledUnits

SHORT = {"two": 2, "under": 79}
LONG = {"least": 80, "second": 16000}


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Utterances of a few samples and of a second, and a segment of 4 ms of the longest."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = [whole(folder, name, samples) for name, samples in (SHORT | LONG).items()]
    segment = rows[-1].truncate(offset=0.5, duration=0.004).with_id("segment")
    segment.supervisions = [SupervisionSegment("segment", "second", 0.0, 0.004, text="bad")]
    write_jsonl(folder / "dev.cuts.jsonl.gz", (cut.to_dict() for cut in (*rows, segment)))
    return folder / "dev.cuts.jsonl.gz"


def whole(folder: Path, name: str, samples: int) -> MonoCut:
    noise = np.random.default_rng(samples).normal(scale=0.1, size=samples)
    soundfile.write(folder / f"{name}.wav", noise, 16000)
    seconds = samples / 16000
    recording = Recording(
        name, [AudioSource("file", [0], f"{name}.wav")], 16000, samples, seconds, [0]
    )
    words = SupervisionSegment(name, name, 0.0, seconds, text="bad")
    return MonoCut(name, 0.0, seconds, 0, supervisions=[words], recording=recording)


def made(cuts: Path, folder: Path, feature: str = "mel40") -> Path:
    output = folder / cuts.name
    assert compute(cuts, cuts.parent, feature, (1.0,), output) == 5
    return output


def test_features_are_made_of_the_others(cuts: Path, tmp_path: Path) -> None:
    output = made(cuts, tmp_path)
    assert [cut.id for cut in read_features(output, every=True)] == [*SHORT, *LONG, "segment"]
    assert {cut.id: cut.num_frames for cut in read_features(output)} == {"least": 1, "second": 100}
    write_statistics(output, tmp_path / "statistics.json")
    assert FeatureStatistics.read(tmp_path / "statistics.json").frames == 101


def test_the_number_of_pieces_changes_no_byte(cuts: Path, tmp_path: Path) -> None:
    common = {"cuts": cuts, "audio": cuts.parent, "feature": "mel40", "speeds": (1.0,)}
    parts = [
        Piece.model_validate(
            {**common, "first": first, "last": first + 2, "output": tmp_path / f"{first}.jsonl"}
        )
        for first in (0, 2, 4)
    ]
    for part in parts:
        extract(part)
    joined = tmp_path / "joined" / cuts.name
    join(parts, joined, archive_of(joined))
    assert joined.read_bytes() == made(cuts, tmp_path).read_bytes()


def test_speed_decides_which_copy_has_a_frame(cuts: Path, tmp_path: Path) -> None:
    output = tmp_path / cuts.name
    assert compute(cuts, cuts.parent, "mel40", (0.9, 1.1), output) == 10
    names = [cut.id for cut in read_features(output)]
    assert names == ["under_sp0.9", "least_sp0.9", "second_sp0.9", "second_sp1.1"]


@pytest.mark.parametrize("kind", ["dense", "lstm"])
def test_a_model_hears_nothing_in_them(cuts: Path, tmp_path: Path, kind: str) -> None:
    model = KINDS[kind]()
    models.save(model, tmp_path / "model.pt")
    features = made(cuts, tmp_path, model.settings.feature)
    write_split(tmp_path / "model.pt", features, tmp_path)
    found = read_logprobs(tmp_path / "dev.npz")
    lengths = {name: len(values) for name, values in found}
    assert sorted(lengths) == sorted([*SHORT, *LONG, "segment"])
    assert {name for name, length in lengths.items() if not length} == {*SHORT, "segment"}
    assert lengths["least"] == 1
    words = {name: greedy_words(values, LETTERS) for name, values in found}
    assert all(words[name] == [] for name in (*SHORT, "segment"))


def test_training_names_them_and_leaves_them_out(
    cuts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features, targets = made(cuts, tmp_path), Targets(SpelledUnits(LETTERS, None))
    training = Training(epochs=1, batch_seconds=2, learning_rate=0.01)
    speech = Speech((features, features), KINDS["lstm"](), targets, training, Ctc(LETTERS), 1)
    assert [batch.ids for (batch,) in speech.batches(0, 0)] == [["second"]]
    assert [batch.ids for batch in speech.dev_batches()] == [["second"]]
    assert set(SHORT) | {"segment"} < set(capsys.readouterr().out.split())


def test_a_batch_of_one_frame_trains_by_the_running_statistics() -> None:
    norm, frame = MaskedBatchNorm(3).train(), torch.ones(1, 3)
    before = norm.running_var
    assert before is not None
    before = before.clone()
    found = norm(frame)
    torch.testing.assert_close(found, norm.eval()(frame))
    assert torch.equal(before, norm.running_var)
