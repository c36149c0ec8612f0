from collections.abc import Callable
from pathlib import Path

import pytest
from lhotse import AudioSource, CutSet, MonoCut, MultiCut, Recording, SupervisionSegment
from lhotse.utils import fastcopy
from small_corpora import make_recipe, write_audio

from schatten.corpus import make
from schatten.errors import UserError
from schatten.runtime.files import write_jsonl

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
                0.5 if segments > 1 else 2.0,
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


def rewrite(folder: Path, change: Callable[[MonoCut], object]) -> None:
    """Change the cut of the training split."""
    path = folder / "train.jsonl.gz"
    [cut] = list(CutSet.from_file(path))
    path.unlink()
    changed = change(cut)
    rows = changed if isinstance(changed, list) else [changed]
    write_jsonl(path, [row if isinstance(row, dict) else row.to_dict() for row in rows])


def stereo(cut: MonoCut, files: int) -> MonoCut:
    """Return the second channel of a recording with a file for each channel, or one for both."""
    names = [["train.flac", [0]], ["dev.flac", [1]]] if files == 2 else [["train.flac", [0, 1]]]
    sources = [AudioSource("file", channels, name) for name, channels in names]
    recording = fastcopy(cut.recording, sources=sources, channel_ids=[0, 1])
    return fastcopy(cut, recording=recording, channel=1)


def with_supervision(cut: MonoCut, **changes: object) -> MonoCut:
    return fastcopy(cut, supervisions=[fastcopy(cut.supervisions[0], **changes)])


CASES = {
    "part": (
        lambda cut: with_supervision(cut, start=0.5, duration=1.0),
        r"whose supervision is 0\.5 to 1\.5 s of its 2 s: .* trim-to-supervisions`",
    ),
    "beyond": (
        lambda cut: with_supervision(cut.truncate(duration=1.0), duration=2.0),
        "0 to 2 s of its 1 s",
    ),
    "none": (lambda cut: cut.drop_supervisions(), "has 0 supervisions and not one"),
    "mixed": (lambda cut: cut.pad(duration=3.0), "a mix of others .*save_audios"),
    "channels in files": (
        lambda cut: MultiCut(
            cut.id, 0, cut.duration, [0, 1], cut.supervisions, recording=cut.recording
        ),
        r"several channels: .*sox FILE NEW\.wav remix NUMBER",
    ),
    "channels in a file": (lambda cut: stereo(cut, 1), "channel 1 of a file with several"),
    "recordings": (lambda cut: cut.recording, "holds Recordings, not cuts: .*lhotse cut simple"),
    "no recording": (
        lambda cut: {k: v for k, v in cut.to_dict().items() if k != "recording"},
        "which has no recording",
    ),
    "wrong kind": (
        lambda cut: {**cut.to_dict(), "duration": "long"},
        "a field of a wrong kind|no manifest of cuts",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_cuts_that_are_no_utterance_of_one_file_are_refused(tmp_path: Path, case: str) -> None:
    write_manifests(tmp_path)
    change, reason = CASES[case]
    rewrite(tmp_path, change)
    with pytest.raises(UserError, match=reason):
        make(RECIPE, tmp_path, tmp_path / "data")


def test_a_recording_may_have_a_file_for_each_channel(tmp_path: Path) -> None:
    write_manifests(tmp_path)
    rewrite(tmp_path, lambda cut: stereo(cut, 2))
    make(RECIPE, tmp_path, tmp_path / "data")
    [cut] = CutSet.from_file(tmp_path / "data/train.cuts.jsonl.gz")
    assert cut.recording.sources[0].source == "dev.flac"
    assert cut.recording.id.endswith("-1")


def test_names_that_are_numbers_are_names(tmp_path: Path) -> None:
    write_manifests(tmp_path)
    rewrite(tmp_path, lambda cut: with_supervision(cut, id=17, speaker=5))
    make(RECIPE, tmp_path, tmp_path / "data")
    [cut] = CutSet.from_file(tmp_path / "data/train.cuts.jsonl.gz")
    assert (cut.id, cut.supervisions[0].speaker) == ("17", "5")
