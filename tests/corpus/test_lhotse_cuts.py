from pathlib import Path

import pytest
from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
from small_corpora import make_recipe, write_audio

from schatten.corpus import make
from schatten.errors import UserError

RECIPE = make_recipe(corpus={"source": "lhotse", "manifests": {"test": "eval_cuts.jsonl"}})


def write_manifests(folder: Path, segments: int = 1, rate: int = 16000) -> None:
    """Write manifests of one 2 s recording a split, with `segments` supervisions of it."""
    for split, name in (
        ("train", "train.jsonl.gz"),
        ("dev", "dev.jsonl.gz"),
        ("test", "eval_cuts.jsonl"),
    ):
        write_audio(folder / f"{split}.flac", 2.0, rate)
        recording = Recording.from_file(folder / f"{split}.flac").with_path_prefix("")
        recording.sources[0].source = f"{split}.flac"
        supervisions = [
            SupervisionSegment(
                f"{split}{number}",
                recording.id,
                number / 2,
                0.5,
                text=f"{split.upper()}!",
                speaker=f"{split}-speaker",
            )
            for number in range(segments)
        ]
        cut = MonoCut(split, 0, recording.duration, 0, supervisions, recording=recording)
        CutSet.from_cuts([cut]).to_file(folder / name)


def test_cuts_of_any_lhotse_recipe_are_read(tmp_path: Path) -> None:
    write_manifests(tmp_path, segments=2, rate=48000)
    for path in tmp_path.glob("*.jsonl*"):
        trimmed = CutSet.from_file(path).trim_to_supervisions().to_eager()
        path.unlink()
        trimmed.to_file(path)
    make(RECIPE, tmp_path, tmp_path / "data")
    cuts = CutSet.from_file(tmp_path / "data/test.cuts.jsonl.gz")
    first, second = cuts.with_recording_path_prefix(tmp_path)
    assert (first.id, first.supervisions[0].text) == ("test0", "test")
    assert second.supervisions[0].speaker == "test-speaker"
    assert (second.start, second.duration) == (0.5, 0.5)
    assert second.load_audio().shape == (1, 8000)


def test_cuts_of_several_utterances_are_refused(tmp_path: Path) -> None:
    write_manifests(tmp_path, segments=2)
    with pytest.raises(UserError, match="trim-to-supervisions"):
        make(RECIPE, tmp_path, tmp_path / "data")


def test_a_changed_recording_is_named(tmp_path: Path) -> None:
    write_manifests(tmp_path)
    write_audio(tmp_path / "dev.flac", 1.0)
    with pytest.raises(UserError, match=r"dev\.flac \(1\.00 s, not 2\.00 s\)"):
        make(RECIPE, tmp_path, tmp_path / "data")


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "does not exist"), ("nothing", "no manifest")]
)
def test_wrong_manifests_are_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    write_manifests(tmp_path)
    (tmp_path / "eval_cuts.jsonl").unlink()
    if content is not None:
        (tmp_path / "eval_cuts.jsonl").write_text(content)
    with pytest.raises(UserError, match=reason):
        make(RECIPE, tmp_path, tmp_path / "data")
