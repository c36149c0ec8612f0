"""The validator's page: what is wrong, with the utterances to listen to, in one file."""

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_corpora import make_recipe, tone, write_audio, write_table
from typer.testing import CliRunner

from schatten.cli.corpus import app
from schatten.corpus import make, problem_page
from schatten.corpus.problems import Unusable
from schatten.recipe import Recipe

Corpus = Callable[..., Path]
SETTINGS = """
title: Greetings & <more>
corpus: {source: tsv}
models: {small: {type: lstm, lstm: [8], keep_every: 3}}
trainings: {default: {epochs: 1, batch_seconds: 10, learning_rate: 0.001}}
systems: {dense: {model: small}}
language_models: {lm: {}}
"""


class Page(HTMLParser):
    """Reads a page: its text, and the sounds in it by what stands before them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.sounds = "", dict[str, tuple[np.ndarray, int]]()
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.row = len(self.text)
        if tag == "audio":
            kind, _, data = (dict(attrs)["src"] or "").partition(",")
            assert kind == "data:audio/flac;base64"
            name = self.text[self.row :].split("\n")[0]
            self.sounds[name] = soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="int16")


def validated(folder: Path, settings: str = SETTINGS) -> tuple[Page | None, str]:
    """Run the verb on a corpus; return its page and what it said."""
    recipe = folder.parent / "recipe.yaml"
    recipe.write_text(settings)
    data, report = folder.parent / "data", folder.parent / "validation.json"
    make(make_recipe(), folder, data)
    command = ["validate", "--recipe", str(recipe), "--data", str(data), "--output", str(report)]
    done = CliRunner().invoke(app, [*command, "--corpus-dir", str(folder)])
    said = done.output + str(done.exception or "")
    assert isinstance(done.exception, Unusable | None), said
    page = report.with_suffix(".html")
    return (Page(page.read_text("utf-8")) if page.is_file() else None), said


def test_utterances_with_a_problem_can_be_heard(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(bert1={"text": "5 & é"}, carl1={"speaker": "anna"})
    page, said = validated(folder)
    assert page is not None
    assert f"Listen to them: {folder.parent / 'validation.html'}" in said
    assert "Greetings & <more>" in page.text and "5 & é" in page.text, "text stays text"
    assert "1 × utterances hold characters outside the alphabet" in page.text
    assert "1 × speakers are in several splits" in page.text and "anna (test, train)" in page.text
    heard, rate = next(sound for name, sound in page.sounds.items() if name.startswith("bert1"))
    assert rate == 16000 and np.array_equal(heard, tone(1.0))
    assert len(page.sounds) == 3, "and one of each split of the speaker"
    whole = (folder.parent / "validation.html").read_text("utf-8")
    assert not re.search(r"https?:|<script|<link|src=\"(?!data:)", whole), "it needs no other file"


def test_a_segment_is_heard_from_its_start_and_not_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem_page, "SECONDS", 0.5)
    kaldi = tmp_path / "kaldi"
    sound = np.arange(32000, dtype=np.int16) // 2
    for split, who in (("train", "anna"), ("dev", "bert"), ("test", "carl")):
        home = kaldi / split
        home.mkdir(parents=True)
        soundfile.write(home / "a.wav", sound, 16000)
        (home / "wav.scp").write_text(f"{who} {split}/a.wav\n")
        (home / "segments").write_text(f"{who}-1 {who} 0.25 1.75\n")
        (home / "text").write_text(f"{who}-1 {'4' if split == 'dev' else 'yes'}\n")
        (home / "utt2spk").write_text(f"{who}-1 {who}\n")
    recipe = make_recipe(corpus={"source": "kaldi"})
    make(recipe, kaldi, tmp_path / "data")
    page = written(tmp_path, kaldi, recipe)
    [(heard, _)] = page.sounds.values()
    assert np.array_equal(heard, sound[4000:12000]), "half a second from 0.25 s on"
    assert "from 0.25 s, 1.50 s" in page.text


def written(home: Path, folder: Path, recipe: Recipe) -> Page:
    """Validate data in `home` and write the page of what is wrong there."""
    from schatten.corpus.validate import validate

    with pytest.raises(Unusable) as caught:
        validate(recipe, home / "data", folder)
    assert problem_page.write(
        home / "page.html", caught.value.problems, recipe, home / "data", folder
    )
    return Page((home / "page.html").read_text("utf-8"))


def test_long_lists_are_cut_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem_page, "HEARD", 3)
    monkeypatch.setattr(problem_page, "LISTED", 5)
    folder = tmp_path / "corpus"
    splits = ["train"] * 8 + ["dev", "test"]
    rows = [
        {"id": f"u{n}", "path": "x.wav", "text": "7", "split": split}
        for n, split in enumerate(splits)
    ]
    write_audio(folder / "x.wav")
    write_table(folder, rows)
    make(make_recipe(), folder, tmp_path / "data")
    page = written(tmp_path, folder, make_recipe())
    assert "10 × utterances hold characters" in page.text and "(5 of 10)" in page.text
    assert "u4" in page.text and "u5" not in page.text
    assert len(page.sounds) == 3 and page.text.count("not on this page") == 2
    assert "At most 5 of each kind are listed" in page.text
    assert "At most 3 utterances can be heard" in page.text


def test_what_cannot_be_played_says_why(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    make(make_recipe(), folder, folder.parent / "data")
    (folder / "b/bert1.wav").write_bytes(b"RIFF and no sound")
    page = written(folder.parent, folder, make_recipe())
    assert "cannot be played" in page.text and page.sounds == {}


def test_a_corpus_that_can_be_used_has_a_page_of_what_is_passed_over(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus(anna1={"text": "much more text than one second of speech can hold " * 4})
    page, said = validated(folder)
    assert page is not None and "Listen to what is passed over" in said
    assert "1 utterances of train have more characters than small has output frames" in page.text
    assert [name[:5] for name in page.sounds] == ["anna1"]
    table = folder / "transcripts.tsv"
    table.write_text(re.sub(r"much more.*hold ?", "yes", table.read_text()))
    page, said = validated(folder)
    assert page is None and "Listen" not in said, "nothing is passed over: the page is gone"
