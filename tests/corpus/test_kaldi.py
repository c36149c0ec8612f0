from pathlib import Path

import numpy as np
import pytest
import soundfile
from lhotse import CutSet
from shorten import sphere
from small_corpora import make_recipe, tone, write_audio

from schatten.corpus import make
from schatten.errors import UserError

RECIPE = make_recipe(corpus={"source": "kaldi", "directories": {"test": "eval"}})


def write_directory(folder: Path, name: str, **files: str) -> None:
    """Write a data directory of one utterance `NAME-1` of `wavs/NAME.wav`; files are changed."""
    contents = {
        "wav.scp": f"{name}-1 wavs/{name}.wav\n",
        "text": f"{name}-1 What {name} says\n",
        "utt2spk": f"{name}-1 {name}\n",
        **files,
    }
    directory = folder / name
    directory.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        if content:
            (directory / file).write_text(content)
    write_audio(folder / f"wavs/{name}.wav", 2.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("train", "dev", "eval"):
        write_directory(tmp_path / "corpus", name)
    return tmp_path / "corpus"


def cuts_of(corpus: Path, split: str = "train") -> list[object]:
    make(RECIPE, corpus, corpus.parent / "data")
    cuts = CutSet.from_file(corpus.parent / f"data/{split}.cuts.jsonl.gz")
    return list(cuts.with_recording_path_prefix(corpus))


def test_directories_are_read(corpus: Path) -> None:
    [cut] = cuts_of(corpus, "test")
    assert (cut.id, cut.supervisions[0].speaker) == ("eval-1", "eval")
    assert cut.supervisions[0].text == "what eval says"
    assert cut.load_audio().shape == (1, 32000)


def test_rows_of_text_end_with_line_feeds_alone(corpus: Path) -> None:
    write_directory(corpus, "train", text="train-1 one\u2028two\x85three\r\n\n")
    [cut] = cuts_of(corpus)
    assert cut.supervisions[0].text == "one two three"


def test_marks_and_forms_part_no_utterance_from_its_text(corpus: Path) -> None:
    write_audio(corpus / "a\u0308.wav", 1.0)
    write_directory(
        corpus,
        "train",
        **{"wav.scp": "\ufeffa\u0308 a\u0308.wav\r\n"},
        text="\ufeff\u00e4 one\r\n",
        utt2spk="\ufeff\u00e4 anna\n",
    )
    [cut] = cuts_of(corpus)
    assert (cut.id, cut.supervisions[0].text) == ("\u00e4", "one")


def test_segments_become_cuts_of_one_recording(corpus: Path) -> None:
    write_directory(
        corpus,
        "train",
        segments="a train-1 0.25 0.75\nb train-1 1.0 2.3\n",
        text="a one\nb two\n",
        utt2spk="a anna\nb bert\n",
    )
    a, b = cuts_of(corpus)
    assert (a.supervisions[0].text, b.supervisions[0].speaker) == ("one", "bert")
    assert a.recording.id == b.recording.id == "train-1"
    assert a.load_audio().shape == (1, 8000)
    assert b.load_audio().shape == (1, 16000), "a segment's end goes no further than the recording"


def test_a_segment_that_ends_at_minus_1_ends_with_its_recording(corpus: Path) -> None:
    write_directory(
        corpus,
        "train",
        segments="a train-1 0.25 -1\nb train-1 0 -1.0 0\n",
        text="a one\nb two\n",
        utt2spk="a anna\nb bert\n",
    )
    a, b = cuts_of(corpus)
    assert (a.start, a.duration, a.supervisions[0].duration) == (0.25, 1.75, 1.75)
    assert a.load_audio().shape == (1, 28000)
    assert b.load_audio().shape == (1, 32000)


def test_recordings_of_two_channels_are_refused_with_the_command(corpus: Path) -> None:
    soundfile.write(corpus / "wavs/train.wav", np.stack([tone(1.0)] * 2, axis=1), 16000)
    with pytest.raises(UserError, match=r"remix 1`\n.*wavs/train\.wav \(2 channels\)"):
        cuts_of(corpus)


@pytest.mark.parametrize("name", ["wav.scp", "text", "utt2spk", "segments"])
@pytest.mark.parametrize("kind", ["folder", "link to nothing"])
def test_what_is_no_file_is_named(corpus: Path, name: str, kind: str) -> None:
    path = corpus / "train" / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(UserError, match=rf"train/{name} (is a folder|does not exist)"):
        cuts_of(corpus)


def test_segments_outside_the_recording_are_named(corpus: Path) -> None:
    write_directory(corpus, "train", segments="a train-1 0 2.6\n", text="a one\n", utt2spk="a x\n")
    with pytest.raises(UserError, match=r"a \(0.0 to 2.6 s of 2.00 s\)"):
        cuts_of(corpus)


def test_without_utt2spk_every_utterance_has_its_own_speaker(corpus: Path) -> None:
    (corpus / "train/utt2spk").unlink()
    [cut] = cuts_of(corpus)
    assert cut.supervisions[0].speaker == "train-1"


def test_absolute_paths_do_not_get_into_artifacts(corpus: Path, tmp_path: Path) -> None:
    write_audio(tmp_path / "elsewhere/x.flac")
    write_directory(corpus, "train", **{"wav.scp": f"train-1 {tmp_path}/elsewhere/x.flac\n"})
    [cut] = cuts_of(corpus)
    assert cut.load_audio().shape == (1, 16000)
    raw = CutSet.from_file(tmp_path / "data/train.cuts.jsonl.gz")
    assert next(iter(raw)).recording.sources[0].source == "../elsewhere/x.flac"


def test_the_corpus_folder_may_be_a_link(corpus: Path, tmp_path: Path) -> None:
    write_audio(tmp_path / "elsewhere/x.flac")
    scp = f"train-1 {tmp_path}/elsewhere/x.flac\n"
    write_directory(corpus, "train", **{"wav.scp": scp})
    scp = f"dev-1 {tmp_path}/deep/er/link/wavs/dev.wav\n"
    write_directory(corpus, "dev", **{"wav.scp": scp})
    (tmp_path / "deep/er").mkdir(parents=True)
    link = tmp_path / "deep/er/link"
    link.symlink_to(corpus)
    make(RECIPE, link, tmp_path / "data")
    for split, samples in (("train", 16000), ("dev", 32000)):
        cuts = CutSet.from_file(tmp_path / f"data/{split}.cuts.jsonl.gz")
        [cut] = cuts.with_recording_path_prefix(link)
        assert cut.load_audio().shape == (1, samples)


def write_sphere(corpus: Path, suffix: str) -> None:
    """Put a plain SPHERE file and a pipe that reads it into the training split."""
    (corpus / f"wavs/train.{suffix}").write_bytes(sphere(tone(1.0), compressed=False))
    pipe = f"train-1 /tools/sph2pipe_v2.5/sph2pipe -f wav -p -c 1 wavs/train.{suffix} |\n"
    write_directory(corpus, "train", **{"wav.scp": pipe})


def test_an_sph2pipe_pipe_of_a_plain_file_is_read_as_the_file(corpus: Path) -> None:
    write_sphere(corpus, "wv1")
    [cut] = cuts_of(corpus)
    assert cut.load_audio().shape == (1, 16000)


def test_plain_files_named_sph_need_no_program(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sphere(corpus, "sph")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(corpus))
    assert [cut.id for cut in cuts_of(corpus)] == ["train-1"]


def test_compressed_sphere_is_refused_with_the_command(corpus: Path) -> None:
    (corpus / "wavs/train.sph").write_bytes(sphere(tone(1.0), compressed=True))
    write_directory(corpus, "train", **{"wav.scp": "train-1 sph2pipe -f wav wavs/train.sph |\n"})
    with pytest.raises(UserError, match=r"sph2pipe -f wav train\.sph train\.wav"):
        cuts_of(corpus)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("wav.scp", "train-1 flac -dcs x.flac |\n", "holds a command"),
        ("wav.scp", "train-1 a.wav\ntrain-1 b.wav\n", "line 2 names train-1 a second time"),
        ("text", "train-2 other\n", "only one of text and wav.scp"),
        ("utt2spk", "train-2 anna\n", "utt2spk lacks 1 utterances"),
        ("segments", "train-1 train-1 0\n", "write RECORDING START END"),
        ("segments", "train-1 other 0 1\n", "wav.scp does not name"),
        ("segments", "train-1 train-1 0 1 1\n", "channel 1 of train-1.*remix NUMBER"),
        ("segments", "train-1 train-1 0 1 B\n", "channel B of train-1"),
        ("segments", "train-1 train-1 0 1 0 0\n", "write RECORDING START END"),
        ("segments", "train-1 train-1 0 -2\n", "segments lie outside"),
        ("segments", "train-1 train-1 2.5 -1\n", r"segments lie outside .*\n.*2\.5 to 2\.0 s"),
        ("segments", "train-1 train-1 nan 1\n", "segments lie outside"),
        ("wav.scp", "train-1 raw.ark:1234\n", "names a place in an archive"),
        ("wav.scp", "train-1\n", "names no file for train-1"),
        ("wav.scp", f"train-1 {'x' * 5000}.wav\n", "File name too long"),
        ("wav.scp", "train-1 a\0b.wav\n", "line 1 holds a NUL byte"),
        ("utt2spk", "train-1\n", "gives train-1 the speaker ''"),
        ("utt2spk", "train-1 anna female\n", "the speaker 'anna female'"),
    ],
)
def test_wrong_files_are_refused(corpus: Path, file: str, content: str, reason: str) -> None:
    write_directory(corpus, "train", **{file: content})
    with pytest.raises(UserError, match=reason):
        cuts_of(corpus)


def test_a_missing_file_is_named(corpus: Path) -> None:
    (corpus / "eval/text").unlink()
    with pytest.raises(UserError, match="eval/text does not exist"):
        cuts_of(corpus)
