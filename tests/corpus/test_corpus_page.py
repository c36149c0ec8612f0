"""docs/how_to/add_a_corpus.md: its commands print what it shows, and its source makes a corpus."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from project import ROOT
from small_corpora import make_recipe, write_audio
from typer.testing import CliRunner

from schatten import corpus
from schatten.artifacts import Validation
from schatten.cli import app
from schatten.errors import UserError
from schatten.recipe.several import SeveralCorpora
from schatten.runtime.files import read_jsonl, read_lines, write_text

PAGE = (ROOT / "docs/how_to/add_a_corpus.md").read_text()
SOURCE = ROOT / "examples/folder_corpus.py"
SECONDS = 2.0


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str) -> str:
    """Return the first block of a language."""
    return blocks(language)[0]


SHOWN = re.findall(r"^```\n((?:\$|schatten:) .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ schatten (.*)$", SHOWN[0], re.MULTILINE)


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the page's recordings and table, in a project with the page's recipe."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "recipes/own", "recipes/own")
    Path("recipes/own/greetings.yaml").write_text(block("yaml"))
    write_text("recordings/greetings.tsv", block("tsv"))
    for line in block("tsv").splitlines()[1:]:
        write_audio(Path("recordings") / line.split("\t")[1], SECONDS)
    return Path("recordings")


def printed() -> str:
    """Return what the page's commands print, up to the first that is refused."""
    said = ""
    for command in COMMANDS:
        result = CliRunner().invoke(app, command.split())
        said += result.output
        if result.exception is not None:
            assert isinstance(result.exception, UserError), result.exception
            return f"{said}schatten: {result.exception}\n"
    return said


def test_the_commands_print_what_the_page_shows(recordings: Path) -> None:
    assert [command.split()[0] for command in COMMANDS] == ["corpus", "validate"]
    assert printed() == re.sub(r"^\$ .*\n", "", SHOWN[0], flags=re.MULTILINE)
    assert read_lines("data/text/train.txt.gz") == ["good morning", "how are you"]
    assert read_lines("data/text/corpus.txt.gz") == ["good morning", "how are you"]
    assert Validation.read(Path("validation.json")).splits["test"].words == 3
    assert "`good morning` and `how are you`" in PAGE


def test_several_corpora_are_joined_as_the_page_shows() -> None:
    _, joined, _ = blocks("yaml")
    recipe = make_recipe(**yaml.safe_load(joined))
    assert isinstance(recipe.corpus, SeveralCorpora)
    assert list(recipe.corpus.parts) == ["mine", "books", "made"]


def test_copies_in_noise_are_made_as_the_page_says(recordings: Path) -> None:
    write_audio(Path("noises/tap.wav"))
    write_audio(Path("noises/kitchen.flac"))
    _, _, style = blocks("yaml")
    corpus = yaml.safe_load(style)["corpus"]["multi_style"]
    shown = yaml.safe_load(block("yaml"))
    shown["corpus"]["multi_style"] = corpus
    shown["corpus"]["multi_style"]["reverberation"]["rooms"] = 1
    Path("recipes/own/greetings.yaml").write_text(yaml.safe_dump(shown))
    assert "train: 4 distorted copies" in printed()
    rows = read_jsonl("data/train.conditions.jsonl.gz")
    assert rows[0]["id"] == "anna-001-copy1" and "`anna-001-copy1`" in PAGE


def test_a_missing_recording_is_refused_as_the_page_shows(recordings: Path) -> None:
    (recordings / "audio/carl-001.wav").unlink()
    assert printed() == SHOWN[1]


def test_wrong_transcripts_and_speakers_are_refused_as_the_page_shows(recordings: Path) -> None:
    table = recordings / "greetings.tsv"
    text = table.read_text().replace("Hello there.", "Hello 2 all")
    table.write_text(text.replace("\tbert\t", "\tanna\t"))
    assert printed() == SHOWN[-1]


def test_the_page_shows_the_source_and_it_makes_a_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert block("python") == SOURCE.read_text()
    assert len(SOURCE.read_text().splitlines()) <= 80
    monkeypatch.syspath_prepend(SOURCE.parent)
    monkeypatch.setitem(corpus._SOURCES, "tsv", SOURCE.stem)
    folder, output = tmp_path / "recordings", tmp_path / "data"
    write_text(folder / "transcripts.tsv", "")  # of the source that it stands in for
    for split, speaker in (("train", "anna"), ("dev", "bert"), ("test", "carl")):
        write_audio(folder / split / speaker / "one.wav")
        write_text(folder / split / speaker / "one.txt", f"Hello {speaker}!")
    corpus.make(make_recipe(), folder, output)
    assert read_lines(output / "text/dev.txt.gz") == ["hello bert"]
    assert '"anna-one"' in read_lines(output / "train.cuts.jsonl.gz")[0]
    (folder / "test/carl/one.txt").unlink()
    with pytest.raises(UserError, match=r"one\.txt"):
        corpus.make(make_recipe(), folder, output)
    (folder / "test/carl/one.wav").unlink()
    with pytest.raises(UserError, match=r"test holds no SPEAKER/NAME.wav: put recordings there"):
        corpus.make(make_recipe(), folder, output)
