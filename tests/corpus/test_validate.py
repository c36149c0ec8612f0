import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_corpora import corpora, make_recipe, write_audio, write_table
from typer.testing import CliRunner

from schatten.artifacts import Validation
from schatten.cli.corpus import app
from schatten.corpus import make
from schatten.corpus.report import lines
from schatten.corpus.validate import longest_stride, validate
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.runtime.files import read_json, read_jsonl, read_lines, write_jsonl, write_text

Corpus = Callable[..., Path]


def corpus_of(folder: Path, recipe: Recipe | None = None) -> Path:
    """Make the corpus and return its data folder."""
    make(recipe or make_recipe(), folder, folder.parent / "data")
    return folder.parent / "data"


def complaints(folder: Path, recipe: Recipe | None = None) -> str:
    with pytest.raises(UserError) as caught:
        validate(recipe or make_recipe(), corpus_of(folder, recipe), folder, jobs=2)
    return str(caught.value)


def test_a_good_corpus_is_summed_up(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    write_audio(folder / "a/anna1.wav", 2.6, rate=44100)
    report = validate(make_recipe(), corpus_of(folder), folder)
    assert report.splits["train"].as_json() == {
        "hours": 0.001,
        "utterances": 2,
        "words": 3,
        "speakers": 1,
        "utterances_by_rate_hz": {"16000": 1, "44100": 1},
    }
    assert too_long(report, 4) == {}
    assert report.silent_recordings == []
    assert "train: 0.00 h, 2 utterances, 3 words, 1 speakers" in list(lines(report, {}))


def test_texts_without_words_or_with_foreign_characters_are_named(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(anna1={"text": " ... "}, bert1={"text": "5 % é"})
    message = complaints(folder)
    assert "1 x utterances have no text" in message and "anna1" in message
    assert (
        "1 x utterances hold characters outside" in message and "bert1 (%, 5, é U+00E9)" in message
    )


def test_long_lists_are_cut_and_counted(tmp_path: Path) -> None:
    splits = ["train"] * 12 + ["dev", "test"]
    rows = [
        {"id": f"u{number:02}", "path": "x.wav", "text": "", "split": split}
        for number, split in enumerate(splits)
    ]
    write_audio(tmp_path / "corpus/x.wav")
    write_table(tmp_path / "corpus", rows)
    message = complaints(tmp_path / "corpus")
    assert "14 x utterances have no text" in message and "... and 4 more" in message
    assert "u09" in message and "u10" not in message


def test_speakers_of_two_splits_are_named_unless_allowed(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(carl1={"speaker": "anna"})
    assert "anna (test, train)" in complaints(folder)
    allowed = make_recipe(corpus={"source": "tsv", "shared_speakers": "allowed"})
    assert validate(allowed, corpus_of(folder), folder).splits["test"].speakers == 1


def test_low_rates_are_named_unless_allowed(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    write_audio(folder / "b/bert1.wav", rate=8000)
    assert "b/bert1.wav (8000 Hz)" in complaints(folder)
    allowed = make_recipe(corpus={"source": "tsv", "low_rates": "allowed"})
    report = validate(allowed, corpus_of(folder), folder)
    assert report.splits["dev"].utterances_by_rate_hz == {"8000": 1}


def test_recordings_that_changed_since_are_named(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    write_audio(folder / "a/anna2.flac", 2.0)
    data = corpus_of(folder)
    whole = (folder / "a/anna2.flac").read_bytes()
    (folder / "a/anna2.flac").write_bytes(whole[: len(whole) // 2])
    write_audio(folder / "b/bert1.wav", 0.7)
    write_audio(folder / "c/carl1.wav", rate=22050)
    (folder / "a/anna1.wav").unlink()
    with pytest.raises(UserError) as caught:
        validate(make_recipe(), data, folder)
    message = str(caught.value)
    assert "recordings are missing" in message and "a/anna1.wav" in message
    assert "recordings cannot be decoded" in message and "a/anna2.flac" in message
    assert "b/bert1.wav (0.70 of 1.00 s)" in message
    assert "c/carl1.wav (22050 Hz, not 16000 Hz)" in message


def test_a_cut_short_mp3_is_noticed(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(anna1={"path": "a/anna1.mp3"})
    whole = write_audio(folder / "a/anna1.mp3", 4.0).read_bytes()
    (folder / "a/anna1.mp3").write_bytes(whole[: len(whole) // 2])
    assert "anna1.mp3 (cut short: " in complaints(folder)


def test_ids_that_occur_twice_are_named(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    data = corpus_of(folder)
    [cut] = read_jsonl(data / "dev.cuts.jsonl.gz")
    write_jsonl(data / "dev.cuts.jsonl.gz", [cut, cut])
    with pytest.raises(UserError, match=r"bert1 \(2 times\)"):
        validate(make_recipe(), data, folder)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [([], "holds no utterance"), ([{}], "no manifest"), ([["a"]], "no manifest"), ([7], "no man")],
)
def test_wrong_manifests_are_refused(tsv_corpus: Corpus, rows: list[object], reason: str) -> None:
    folder = tsv_corpus()
    data = corpus_of(folder)
    write_jsonl(data / "test.cuts.jsonl.gz", rows)
    with pytest.raises(UserError, match=reason):
        validate(make_recipe(), data, folder)


@pytest.mark.parametrize(
    "changes", [{"id": 7}, {"duration": "long"}, {"duration": math.nan}, {"recording": None}]
)
def test_rows_of_another_kind_are_refused(tsv_corpus: Corpus, changes: dict[str, object]) -> None:
    folder = tsv_corpus()
    data = corpus_of(folder)
    [cut] = read_jsonl(data / "test.cuts.jsonl.gz")
    write_jsonl(data / "test.cuts.jsonl.gz", [{**cut, **changes}])
    with pytest.raises(UserError, match=r"test\.cuts\.jsonl\.gz is no manifest of cuts"):
        validate(make_recipe(), data, folder)


def test_utterances_without_a_frame_are_counted_and_named(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    for name, samples in (("a/anna1.wav", 82), ("b/bert1.wav", 2), ("c/carl1.wav", 80)):
        write_audio(folder / name, samples / 16000)
    recipe = make_recipe(speed_perturbation=[0.9, 1.0, 1.1])
    report = validate(recipe, corpus_of(folder, recipe), folder)
    found = {split: these.first for split, these in (report.without_frames or {}).items()}
    assert found == {"train": ["anna1"], "dev": ["bert1"]}
    said = list(lines(report, {}))
    assert any("have no frame, training leaves them out: anna1" in line for line in said)
    assert any("have no frame, their words count as deletions: bert1" in line for line in said)


def too_long(report: Validation, stride: int) -> dict[str, list[str]]:
    found = (report.too_long_for_ctc or {}).get(str(stride), {})
    return {split: these.first for split, these in found.items()}


@pytest.mark.parametrize("frames", [0, 1, 2, 9, 33, 34])
@pytest.mark.parametrize("labels", [0, 1, 2, 5, 33])
def test_the_longest_stride_is_the_last_with_enough_frames(frames: int, labels: int) -> None:
    enough = [stride for stride in range(1, 65) if -(-frames // stride) >= labels]
    assert longest_stride(frames, labels) == max(enough, default=0)


def test_utterances_too_long_for_a_model_are_counted_at_its_stride(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(anna1={"text": "a" + "bc" * 16}, bert1={"text": "ab" * 17})
    recipe, strides = make_recipe(), {"narrow": 3, "wide": 2}
    report = validate(recipe, corpus_of(folder), folder)
    assert too_long(report, 2) == too_long(report, 3) == {}, "33 and 34 of 34 frames"
    faster = recipe.model_copy(update={"speed_perturbation": (1.0, 1.1)})
    report = validate(faster, corpus_of(folder), folder)
    assert too_long(report, 2) == {}
    assert too_long(report, 3) == {"train": ["anna1"]}
    said = list(lines(report, strides))
    assert any("1 utterances have more characters than narrow" in line for line in said)
    assert not any("wide" in line for line in said)


def test_silence_and_overlap_are_reported(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(carl1={"text": "yes"})
    soundfile.write(folder / "b/bert1.wav", np.zeros(16000), 16000)
    report = validate(make_recipe(), corpus_of(folder), folder)
    assert report.silent_recordings == ["b/bert1.wav"]
    assert report.transcripts_in_lm_text == {"dev": 0, "test": 1}
    assert any("1 recordings are silent: b/bert1.wav" in line for line in lines(report, {}))


def test_a_synthetic_corpus_may_not_know_its_test_queries(tsv_corpus: Corpus) -> None:
    data = corpus_of(tsv_corpus())
    for split in ("train", "dev", "test"):
        rows = read_jsonl(data / f"{split}.cuts.jsonl.gz")
        for row in rows:
            row["recording"]["sources"][0]["source"] = f"audio/{row['id']}.wav"
            write_audio(data / f"audio/{row['id']}.wav")
        write_jsonl(data / f"{split}.cuts.jsonl.gz", rows)
    recipe = make_recipe(corpus={"source": "voicesearch_like"})
    assert validate(recipe, data, None).transcripts_in_lm_text == {"dev": 0, "test": 0}
    write_text(data / "text/corpus.txt.gz", "yes\nstop\n")
    with pytest.raises(UserError, match=r"1 x dev and test queries stand in .*\n    carl1"):
        validate(recipe, data, None)


def test_recordings_need_their_folder(tsv_corpus: Corpus) -> None:
    with pytest.raises(UserError, match="--corpus-dir"):
        validate(make_recipe(), corpus_of(tsv_corpus()), None)


YAML = """
title: AN4
corpus: {source: tsv}
models: {small: {type: lstm, lstm: [8]}}
trainings: {default: {epochs: 1, batch_seconds: 10, learning_rate: 0.001}}
systems: {dense: {model: small}}
language_models: {lm: {}}
"""


def test_the_verbs_write_the_real_an4(tmp_path: Path) -> None:
    folder = corpora("an4")
    (tmp_path / "an4.yaml").write_text(YAML)
    common = ["--recipe", str(tmp_path / "an4.yaml"), "--corpus-dir", str(folder), "--jobs", "2"]
    data, report = str(tmp_path / "data"), str(tmp_path / "validation.json")
    for line in (["corpus", "--output", data], ["validate", "--data", data, "--output", report]):
        done = CliRunner().invoke(app, [*line, *common], catch_exceptions=False)
        assert done.exit_code == 0
    assert "test: 0.10 h, 130 utterances, 773 words, 10 speakers" in done.output
    splits = read_json(Path(report))["splits"]
    assert {name: split["speakers"] for name, split in splits.items()} == {
        "train": 60,
        "dev": 6,
        "test": 10,
    }


@pytest.mark.parametrize(
    ("name", "rate"), [("librispeech_mini", "16000"), ("commonvoice_mini", "48000")]
)
def test_other_real_corpora_last_as_long_as_their_tables_say(
    name: str, rate: str, tmp_path: Path
) -> None:
    folder = corpora(name)
    make(make_recipe(), folder, tmp_path, jobs=2)
    dev = validate(make_recipe(), tmp_path, folder, jobs=2).splits["dev"]
    rows = [line.split("\t") for line in read_lines(folder / "transcripts.tsv")]
    seconds = [float(row[4]) for row in rows if row[3] == "dev"]
    assert dev.utterances == len(seconds)
    assert dev.hours == pytest.approx(sum(seconds) / 3600, abs=2e-4)
    assert dev.utterances_by_rate_hz == {rate: len(seconds)}


def test_nothing_is_written_of_a_bad_corpus(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna1={"text": "100"})
    (tmp_path / "x.yaml").write_text(YAML)
    line = ["validate", "--recipe", str(tmp_path / "x.yaml"), "--corpus-dir", str(folder)]
    line += ["--data", str(corpus_of(folder)), "--output", str(tmp_path / "report.json")]
    done = CliRunner().invoke(app, line)
    assert isinstance(done.exception, UserError) and "anna1" in str(done.exception)
    assert not (tmp_path / "report.json").exists()
