"""Features made in pieces are, byte for byte, those made at once; finished pieces are kept."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from lhotse import AudioSource, MonoCut, Recording, SupervisionSegment

from schatten.errors import UserError
from schatten.features.store import archive_of, compute, pieces_for, read_features
from schatten.runtime.files import write_jsonl

SPEEDS = (0.9, 1.0)


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven utterances of noise, of 0.3 to 0.9 s, with audio paths relative to their folder."""
    folder = tmp_path_factory.mktemp("corpus")
    generator = np.random.default_rng(1)
    rows = []
    for number in range(7):
        samples = generator.normal(scale=0.1, size=4800 + 1600 * number)
        soundfile.write(folder / f"{number}.wav", samples, 16000)
        rows.append(cut(f"u{number}", f"{number}.wav", len(samples)).to_dict())
    write_jsonl(folder / "train.cuts.jsonl.gz", rows)
    return folder / "train.cuts.jsonl.gz"


def cut(name: str, audio: str, samples: int) -> MonoCut:
    seconds = samples / 16000
    source = AudioSource("file", [0], audio)
    recording = Recording(name, [source], 16000, samples, seconds, [0])
    words = SupervisionSegment(name, name, 0.0, seconds, text="word")
    return MonoCut(name, 0.0, seconds, 0, supervisions=[words], recording=recording)


def compute_features(cuts: Path, output: Path, pieces: int) -> tuple[bytes, bytes]:
    assert compute(cuts, cuts.parent, "mel40", SPEEDS, output, pieces=pieces) == 14
    return output.read_bytes(), archive_of(output).read_bytes()


def test_the_number_of_pieces_changes_no_byte(cuts: Path, tmp_path: Path) -> None:
    whole = compute_features(cuts, tmp_path / "one" / cuts.name, 1)
    assert compute_features(cuts, tmp_path / "three" / cuts.name, 3) == whole
    assert sorted(path.name for path in (tmp_path / "three").iterdir()) == [
        "train.cuts.jsonl.gz",
        "train.lca",
    ]
    for one in read_features(tmp_path / "three" / cuts.name):
        alone = 0.3 + 0.1 * int(one.id[1])
        assert one.load_features().shape == (one.num_frames, 40)
        slower = alone / (0.9 if "_sp" in one.id else 1.0)
        assert one.duration == pytest.approx(slower, abs=1e-3)


def test_a_piece_that_fails_names_the_recording_and_the_others_are_kept(
    cuts: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / cuts.name
    last = cuts.with_name("6.wav")
    samples = last.read_bytes()
    last.write_bytes(samples[:1000])
    with pytest.raises(UserError, match=r"utterance u6.*6\.wav cannot be read \(cut short: "):
        compute(cuts, cuts.parent, "mel40", SPEEDS, output, pieces=2)
    last.write_bytes(samples)
    assert not output.exists()
    (kept,) = tmp_path.glob("out/.train-*/*.jsonl")
    kept.write_text(kept.read_text().replace('"word"', '"kept"', 1))
    compute_features(cuts, output, 2)
    assert sum(one.supervisions[0].text == "kept" for one in read_features(output)) == 1


def test_small_splits_are_one_piece(cuts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pieces_for(cuts, SPEEDS, 8) == 1
    monkeypatch.setattr("schatten.features.store._PIECE", 4)
    assert pieces_for(cuts, SPEEDS, 8) == 3
    assert pieces_for(cuts, SPEEDS, 2) == 2
