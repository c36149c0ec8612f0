"""Distorted copies of training recordings: what is drawn, written, counted, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from lhotse import CutSet
from pydantic import ValidationError
from small_corpora import ROWS, Row, make_recipe, write_audio, write_table

from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.corpus.report import lines
from schatten.corpus.style import copies
from schatten.corpus.style.processes import run_jobs
from schatten.corpus.style.vocal_tract import warp
from schatten.corpus.validate import validate
from schatten.errors import UserError
from schatten.features.store import compute, read_features
from schatten.recipe import Recipe
from schatten.runtime.files import read_jsonl, read_lines

Corpus = Callable[..., Path]
RATE = 16000
NOISY = {"share": 1.0, "kinds": ["white"], "snr": {"low": 10, "high": 10}}
DRY = {"share": 0.0}
STYLE = {"copies": 2, "noise": NOISY, "reverberation": DRY}


def styled(style: dict[str, Any] | None = None, **settings: Any) -> Recipe:
    corpus = {"source": "tsv", "multi_style": {**STYLE, **(style or {})}}
    return make_recipe(**{"corpus": corpus, **settings})


def sounds(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((data / "audio").rglob("*.flac"))}


def test_training_alone_has_copies_and_they_are_read(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder, data = tsv_corpus(anna2={"text": "Go [noise] on"}), tmp_path / "data"
    make(styled(), folder, data)
    rows = read_jsonl(data / "train.cuts.jsonl.gz")
    ids = ["anna1", "anna1-copy1", "anna1-copy2", "anna2", "anna2-copy1", "anna2-copy2"]
    assert [row["id"] for row in rows] == ids
    assert {row["supervisions"][0]["speaker"] for row in rows} == {"anna"}
    assert [row["supervisions"][0]["text"] for row in rows] == ["yes"] * 3 + ["go on"] * 3
    custom = [row.get("custom") or {} for row in rows[:3]]
    assert [one.get("copy_of") for one in custom] == [None, "anna1", "anna1"]
    assert [row["id"] for row in read_jsonl(data / "dev.cuts.jsonl.gz")] == ["bert1"]
    cuts = CutSet.from_file(data / "train.cuts.jsonl.gz").with_recording_path_prefix(data)
    clean, first, second = (cut.load_audio()[0] for cut in list(cuts)[:3])
    for copy in (first, second):
        assert 20 * np.log10(clean.std() / (copy - clean).std()) == pytest.approx(10, abs=0.1)
    assert not np.array_equal(first, second)
    assert not list(data.glob(".multi_style*"))
    conditions = read_jsonl(data / "train.conditions.jsonl.gz")
    assert [row["id"] for row in conditions] == [name for name in ids if "copy" in name]
    assert conditions[0]["noise"] == {"kind": "white", "snr": 10.0}
    assert (conditions[0]["copy_of"], conditions[0]["room"]) == ("anna1", None)


def test_copies_are_no_new_text_and_counted_apart(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna2={"text": "Go [noise] on"})
    make(make_recipe(), folder, tmp_path / "plain")
    plain = validate(make_recipe(), tmp_path / "plain", folder)
    make(styled(), folder, tmp_path / "data")
    report = validate(styled(), tmp_path / "data", folder)
    assert report.text_notes == plain.text_notes != None  # noqa: E711
    for name in ("corpus", "train", "dev"):
        text = f"text/{name}.txt.gz"
        assert read_lines(tmp_path / "data" / text) == read_lines(tmp_path / "plain" / text)
    train = report.splits["train"]
    assert train.copies is not None
    assert (train.copies.utterances, train.copies.hours) == (4, pytest.approx(4 / 3600, abs=1e-4))
    assert train.model_copy(update={"copies": None}) == plain.splits["train"]
    assert report.splits["dev"] == plain.splits["dev"]
    assert "train: 4 distorted copies, 0.00 h, are trained on too" in list(lines(report, {}))
    assert "copies" not in plain.splits["train"].as_json()


def test_without_clean_ones_the_copies_stand_for_them(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder, data = tsv_corpus(), tmp_path / "data"
    write_audio(folder / "a/anna1.wav", rate=8000)
    recipe = styled({"clean": False})
    make(recipe, folder, data)
    ids = [row["id"] for row in read_jsonl(data / "train.cuts.jsonl.gz")]
    assert ids == ["anna1-copy1", "anna1-copy2", "anna2-copy1", "anna2-copy2"]
    assert read_lines(data / "text/train.txt.gz") == ["yes", "go on"]
    with pytest.raises(UserError, match=r"below 16 kHz.*\n.*anna1|000000-1.flac \(8000 Hz\)"):
        validate(recipe, data, folder)
    recipe = make_recipe(corpus={**recipe.corpus.model_dump(), "low_rates": "allowed"})
    train = validate(recipe, data, folder).splits["train"]
    assert (train.utterances, train.words) == (2, 3)
    assert train.utterances_by_rate_hz == {"8000": 1, "16000": 1}


FULL = {
    "noise": {"share": 0.8},
    "reverberation": {"share": 0.7, "rooms": 3},
    "vocal_tract": {"low": 0.85, "high": 1.2},
    "level": {"low": -30, "high": -20},
}


def test_the_bytes_are_those_of_the_seed_and_the_id(
    tsv_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither processes nor blocks nor other utterances, nor a kill in the middle, change them."""
    folder, whole = tsv_corpus(), tmp_path / "whole"
    settings = {"noise": {**FULL["noise"], "kinds": ["pink", "hum"]}}
    recipe = styled({**FULL, **settings, "copies": 3})
    make(recipe, folder, whole, jobs=2)
    assert len(sounds(whole)) == 6
    monkeypatch.setattr(copies, "_BLOCK", 1)
    killed, real = tmp_path / "killed", run_jobs

    def dies(jobs: Any, *rest: Any) -> None:
        real(jobs[:1], *rest)
        raise KeyboardInterrupt

    monkeypatch.setattr(copies, "run_jobs", dies)
    with pytest.raises(KeyboardInterrupt):
        make(recipe, folder, killed)
    assert len(sounds(killed)) == 3 and not (killed / "train.cuts.jsonl.gz").exists()
    times = [path.stat().st_mtime_ns for path in sorted((killed / "audio").rglob("*.flac"))]
    monkeypatch.setattr(copies, "run_jobs", real)
    make(recipe, folder, killed)
    assert sounds(killed) == sounds(whole)
    kept = [path.stat().st_mtime_ns for path in sorted((killed / "audio").rglob("000000*"))]
    assert kept == times
    name = "train.conditions.jsonl.gz"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    write_table(folder, [row for row in ROWS if row["id"] != "anna1"])
    make(recipe, folder, tmp_path / "fewer")
    assert list(sounds(tmp_path / "fewer").values()) == list(sounds(whole).values())[3:]
    make(styled({**FULL, **settings, "copies": 3, "seed": 2}), folder, tmp_path / "other")
    assert not set(sounds(tmp_path / "other").values()) & set(sounds(whole).values())


def test_babble_is_of_training_speech_and_noise_of_any_rate(
    tsv_corpus: Corpus, tmp_path: Path
) -> None:
    folder, data = tsv_corpus(), tmp_path / "data"
    (tmp_path / "noises").mkdir()
    hiss = 0.1 * np.random.default_rng(1).normal(size=9000)
    soundfile.write(tmp_path / "noises/tap.wav", hiss, 22050)
    kinds = {"kinds": ["recording", "babble"], "directory": str(tmp_path / "noises")}
    make(styled({"noise": {**NOISY, **kinds}, "copies": 4}), folder, data)
    rows = read_jsonl(data / "train.conditions.jsonl.gz")
    kinds_of = {row["id"]: row["noise"]["kind"] for row in rows}
    assert set(kinds_of.values()) == {"recording", "babble"}
    cuts = CutSet.from_file(data / "train.cuts.jsonl.gz").with_recording_path_prefix(data)
    loaded = {cut.id: cut.load_audio()[0] for cut in cuts}
    for row in rows:
        clean = loaded[row["copy_of"]]
        noise = loaded[row["id"]] - clean
        assert 20 * np.log10(clean.std() / noise.std()) == pytest.approx(10, abs=0.2)
        tone = np.argmax(np.abs(np.fft.rfft(noise))) == 440
        assert tone == (kinds_of[row["id"]] == "babble"), "every speaker of training is a tone"


def test_segments_and_speeds(tmp_path: Path) -> None:
    """A copy of a segment is a file of its own, and speed perturbation works on top."""
    folder, data = tmp_path / "corpus", tmp_path / "data"
    write_audio(folder / "long.wav", 4.0)
    for split, name in (("train", "anna"), ("dev", "bert"), ("test", "carl")):
        (folder / split).mkdir()
        write_audio(folder / f"{split}.wav")
        place = "long.wav" if split == "train" else f"{split}.wav"
        (folder / split / "wav.scp").write_text(f"rec-{name} {place}\n")
        (folder / split / "text").write_text(f"{name}/1 yes\n")
        (folder / split / "utt2spk").write_text(f"{name}/1 {name}\n")
        end = 2.5 if split == "train" else -1
        start = 1.0 if split == "train" else 0.0
        (folder / split / "segments").write_text(f"{name}/1 rec-{name} {start} {end}\n")
    corpus = {"source": "kaldi", "multi_style": {**STYLE, "copies": 1}}
    recipe = make_recipe(corpus=corpus, speed_perturbation=[1.0, 1.1])
    make(recipe, folder, data)
    validate(recipe, data, folder)
    features = tmp_path / "train.cuts.jsonl.gz"
    assert compute(data / "train.cuts.jsonl.gz", data, "mel40", (1.0, 1.1), features) == 4
    cuts = {cut.id: cut for cut in read_features(features)}
    assert set(cuts) == {"anna/1", "anna/1_sp1.1", "anna/1-copy1", "anna/1-copy1_sp1.1"}
    assert cuts["anna/1-copy1"].duration == 1.5 and cuts["anna/1-copy1"].num_frames == 150


def test_a_warp_moves_all_frequencies_and_keeps_the_pace() -> None:
    time = np.arange(2 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 500 * time) * (np.sin(2 * np.pi * 2 * time) > 0)).astype("f")
    for factor in (0.85, 1.2):
        moved = warp(tone, factor)
        assert len(moved) == len(tone) and moved.dtype == np.float32
        frequency = np.argmax(np.abs(np.fft.rfft(moved * np.hanning(len(moved))))) / 2
        assert frequency == pytest.approx(500 * factor, rel=0.02)
        loud = [abs(one[800:-800]).max() for one in np.split(moved, 8)]
        assert [round(level, 1) for level in loud[::2]] == [0.3] * 4 and max(loud[1::2]) < 0.01
        level = np.sqrt(np.mean(moved**2)) / np.sqrt(np.mean(tone**2))
        assert level == pytest.approx(1.0, abs=0.05)
    assert warp(tone, 1.0) is tone
    assert len(warp(tone[:100], 1.3)) == 100 and not len(warp(tone[:0], 1.3))


def test_the_fingerprint_follows_the_style_and_its_folders(
    tsv_corpus: Corpus, tmp_path: Path
) -> None:
    folder = tsv_corpus()
    assert fingerprint(make_recipe(corpus={"source": "tsv", "multi_style": None}), folder) == (
        fingerprint(make_recipe(), folder)
    )
    write_audio(tmp_path / "noises/tap.wav")
    noise = {**NOISY, "kinds": ["recording"], "directory": str(tmp_path / "noises")}
    recipes = make_recipe(), styled(), styled({"noise": noise})
    names = [fingerprint(one, folder) for one in recipes]
    write_audio(tmp_path / "noises/tap.wav", 2.0)
    names.append(fingerprint(styled({"noise": noise}), folder))
    moved = shutil.copytree(folder, tmp_path / "moved")
    names.append(fingerprint(styled(), moved))
    assert len(set(names)) == len(names)


def test_parts_of_several_corpora_have_copies_of_their_own(
    tsv_corpus: Corpus, tmp_path: Path
) -> None:
    folder, data = tsv_corpus(), tmp_path / "data"
    rows: list[Row] = [{**ROWS[0], "id": "dora1", "speaker": "dora"}]
    write_table(folder, rows, "more.tsv")
    more = {"source": "tsv", "manifest": "more.tsv", "multi_style": {**STYLE, "copies": 1}}
    parts: Any = {
        "mine": {"corpus": {"source": "tsv"}},
        "more": {"corpus": more, "splits": ["train"]},
    }
    recipe = make_recipe(corpus={"source": "several", "parts": parts})
    make(recipe, folder, data)
    cuts = read_jsonl(data / "train.cuts.jsonl.gz")
    ids = ["mine-anna1", "mine-anna2", "more-dora1", "more-dora1-copy1"]
    assert [row["id"] for row in cuts] == ids
    assert cuts[-1]["custom"]["copy_of"] == "more-dora1"
    assert cuts[-1]["recording"]["sources"][0]["source"].startswith("audio/more/audio/multi_style")
    report = validate(recipe, data, None)
    assert report.splits["train"].utterances == 3 and report.splits["train"].copies is not None
    assert report.corpora is not None and report.corpora["mine"]["train"].copies is None
    parts["more"]["splits"] = ["dev"]
    with pytest.raises(ValidationError, match=r"more.corpus.multi_style: the part has no split"):
        make_recipe(corpus={"source": "several", "parts": parts})


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ({"noise": DRY}, "every copy would be the recording itself"),
        ({"vocal_tract": {"low": 0.5, "high": 1}}, "vocal_tract is a factor from 0.7 to 1.4"),
        ({"noise": {"leave_out": ["a.wav"]}}, "leave_out names files of a `directory`"),
        ({"noise": {"kinds": ["recording"]}}, "`recording` and `directory` need each other"),
    ],
)
def test_settings_that_make_no_sense_are_refused(style: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        styled(style)


def test_noise_that_cannot_be_used_is_named(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder, noises = tsv_corpus(), tmp_path / "noises"
    recorded = {**NOISY, "kinds": ["recording"], "directory": str(noises)}

    def made(**changes: Any) -> None:
        make(styled({"noise": {**recorded, **changes}}), folder, tmp_path / "data")

    with pytest.raises(UserError, match="noises is not a folder: correct `directory`"):
        made()
    noises.mkdir()
    with pytest.raises(UserError, match="noises holds no audio"):
        made()
    soundfile.write(noises / "a.wav", np.zeros(100), RATE)
    with pytest.raises(UserError, match=r"distorting train-000000 failed: .*a\.wav is silent"):
        made()
    (noises / "a.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(UserError, match=r"^\S*a\.wav cannot be read"):
        made()
    with pytest.raises(UserError, match=r"leave_out names b.wav, and \S*noises holds no"):
        made(leave_out=["b.wav"])
    with pytest.raises(UserError, match="names every file of"):
        made(leave_out=["a.wav"])
    write_audio(noises / "b.wav")
    made(leave_out=["a.wav"])


def test_wrong_recordings_are_named_before_anything_is_made(
    tsv_corpus: Corpus, tmp_path: Path
) -> None:
    folder = tsv_corpus()
    (folder / "a/anna1.wav").unlink()
    with pytest.raises(UserError, match=r"(?s)corpus in \S*corpus can.*missing.*\n    a/anna1.wav"):
        make(styled(), folder, tmp_path / "data")
    assert not (tmp_path / "data").exists()
    soundfile.write(folder / "a/anna1.wav", np.array([0.1, np.nan] * 99), RATE, subtype="FLOAT")
    with pytest.raises(UserError, match=r"anna1\.wav holds samples that are no numbers"):
        make(styled(), folder, tmp_path / "data")
    for name in ("a/anna1.wav", "a/anna2.flac"):
        soundfile.write(folder / name, np.zeros(8000), RATE)
    babble = {**NOISY, "kinds": ["babble"]}
    with pytest.raises(UserError, match="training recordings, and those are silent"):
        make(styled({"noise": babble}), folder, tmp_path / "data")
