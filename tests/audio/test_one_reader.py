"""All audio is read by one function, and no name of a recording comes to a shell."""

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lhotse import AudioSource, CutSet, MonoCut, Recording, SupervisionSegment
from project import ROOT
from recordings import RATE, SAMPLES, encoded

from schatten.audio import by_lhotse
from schatten.decode.sound import Sound, read_sounds, write_sample
from schatten.errors import UserError
from schatten.features.store import compute

READER = "src/schatten/audio/reading.py"
WRITERS = {
    "src/schatten/corpus/wsj.py",
    "src/schatten/corpus/voicesearch/block.py",
    "src/schatten/corpus/style/sounds.py",
    "src/schatten/corpus/problem_page.py",
    "src/schatten/report/page/sound.py",
}
"""Files that import soundfile to write."""
STREAMS = {"src/schatten/report/page/sound.py"}
"""Of them those that write piece by piece."""
LIBRARIES = {"soundfile", "torchaudio", "audioread", "torchcodec", "librosa"}
LOADERS = {"load_audio", "from_file", "read_audio", "audio_backend", "read_sph"}
"""Names of lhotse that read audio."""
ALLOWED = {
    "src/schatten/audio/by_lhotse.py": {"load_audio", "read_audio"},
    "src/schatten/corpus/lhotse_cuts.py": {"from_file"},
    "src/schatten/features/store.py": {"from_file"},
}
"""`CutSet.from_file` reads manifests; the reader that lhotse is given reads through ours."""
NAME = "-x; touch pwned; $(touch pwned) 'a' \"b\""


def names(tree: ast.AST) -> set[str]:
    """Return all names that a file uses, of attributes, functions and imports."""
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {part for one in node.names for part in one.name.split(".")}
            if isinstance(node, ast.ImportFrom):
                found |= set((node.module or "").split("."))
    return found


def test_no_other_place_reads_audio() -> None:
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]:
        place, tree = str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))
        used = names(tree)
        if place != READER:
            assert not used & (LIBRARIES - {"soundfile"}), place
            assert "soundfile" not in used or place in WRITERS, place
        assert used & LOADERS <= ALLOWED.get(place, set()), place
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                writes = {"write", "SoundFile"} if place in STREAMS else {"write"}
                is_reader = node.value.id == "soundfile" and node.attr not in writes
                assert not is_reader or place == READER, place
            if isinstance(node, ast.keyword) and node.arg == "shell":
                raise AssertionError(f"{place} starts a shell")


def manifest(folder: Path, files: dict[str, bytes], kind: str = "file", rate: int = RATE) -> Path:
    """Write recordings, and a manifest of them: each whole, and a part of each."""
    cuts = []
    for name, data in files.items():
        (folder / name).write_bytes(data)
        seconds = len(SAMPLES) / RATE
        source = AudioSource(kind, [0], name)
        recording = Recording(name, [source], rate, len(SAMPLES), seconds)
        for start, duration in ((0.0, seconds), (0.25, 0.5)):
            one = f"{name.split('.')[-1]}-{start}"
            speech = SupervisionSegment(one, name, 0.0, duration, text="yes", speaker="s")
            cuts.append(MonoCut(one, start, duration, 0, [speech], recording=recording))
    path = folder / "test.cuts.jsonl.gz"
    CutSet.from_cuts(cuts).to_file(path)
    return path


def test_sphere_and_flac_of_any_name_are_read_by_every_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `recognize --jobs` does: whole recordings and segments, at the same time."""
    monkeypatch.chdir(tmp_path)
    kinds = {"sph": "NIST", "flac": "FLAC", "wav": "WAV"}
    files = {f"{NAME}.{end}": encoded(kind) for end, kind in kinds.items()}
    sounds = read_sounds(manifest(tmp_path, files), Path()) * 8

    def write(numbered: tuple[int, Sound]) -> np.ndarray:
        path = tmp_path / f"{numbered[0]}.wav"
        numbered[1].write_wav(path)
        return soundfile.read(path, dtype="int16")[0]

    with ThreadPoolExecutor(4) as pool:
        for number, samples in enumerate(pool.map(write, enumerate(sounds))):
            assert np.array_equal(samples, SAMPLES[4000:12000] if number % 2 else SAMPLES)
    assert not list(tmp_path.rglob("pwned"))


def test_the_sample_of_a_device_is_read_without_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `device measure` and `device estimate` do."""
    monkeypatch.chdir(tmp_path)
    found = write_sample(manifest(tmp_path, {f"{NAME}.sph": encoded("NIST")}), Path(), 2, tmp_path)
    assert len(found) == 2 and all(path.is_file() for path in found.values())
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("kind", ["command", "url", "memory"])
def test_a_recording_that_is_no_file_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cuts = manifest(tmp_path, {"touch pwned": b""}, kind)
    for sound in read_sounds(cuts, Path()):
        with pytest.raises(UserError, match=f"is of type '{kind}', not one plain file"):
            sound.write_wav(Path("x.wav"))
    with pytest.raises(UserError, match=f"is of type '{kind}', not one plain file"):
        compute(cuts, Path(), "mel40", (1.0,), Path("f/test.cuts.jsonl.gz"))
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("how", ["gone", "cut", "empty", "folder", "text", "shorter"])
@pytest.mark.parametrize("speeds", [(1.0,), (0.9, 1.0)])
def test_a_recording_that_went_bad_is_one_sentence(
    how: str, speeds: tuple[float, ...], tmp_path: Path
) -> None:
    """In `recognize`, and in `features`: of whole recordings and of segments."""
    cuts = manifest(tmp_path, {"one.wav": encoded()})
    path = tmp_path / "one.wav"
    path.unlink()
    bad = {
        "cut": encoded()[:9000],
        "empty": b"",
        "text": b"not found",
        "shorter": encoded(samples=SAMPLES[:3000]),
    }
    if how == "folder":
        path.mkdir()
    elif how != "gone":
        path.write_bytes(bad[how])
    for sound in read_sounds(cuts, tmp_path):
        with pytest.raises(UserError, match=r"one\.wav") as caught:
            sound.write_wav(tmp_path / "x.wav")
        assert "\n" not in str(caught.value) and "lhotse" not in str(caught.value)
    with pytest.raises(UserError, match=r"one\.wav") as caught:
        compute(cuts, tmp_path, "mel40", speeds, tmp_path / "f/test.cuts.jsonl.gz")
    assert "\n" not in str(caught.value) and "lhotse" not in str(caught.value)


def test_lhotse_reads_as_before(tmp_path: Path) -> None:
    """The samples of our reader are those of lhotse's own, whole and in part, at other speeds."""
    cuts = CutSet.from_file(manifest(tmp_path, {"a.flac": encoded("FLAC")}))
    cuts = cuts.with_recording_path_prefix(tmp_path)
    for cut in cuts:
        for made in (cut, cut.resample(8000), cut.perturb_speed(1.1)):
            by_lhotse.set_current_audio_backend("LibsndfileBackend")
            theirs = made.load_audio()[0]
            ours = by_lhotse.load(made, tmp_path)
            assert np.array_equal(ours, theirs)
