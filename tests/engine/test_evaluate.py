"""`schatten evaluate`: a bundle on somebody's own recordings, from a table."""

import json

import pytest
import soundfile
from typer.testing import CliRunner

from schatten.cli import app
from schatten.device.evaluate import text_of


@pytest.fixture
def evaluate(build, bundled, sound, tmp_path):
    """Return a function that evaluates a table of three recordings, given its lines."""
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    soundfile.write(folder / "one.flac", sound, 16000)
    soundfile.write(folder / "deep/two of them.wav", sound[9000:], 16000, "PCM_24")
    soundfile.write(folder / "low.wav", sound[::2], 8000)
    program = build("shared") / "engine/schatten-recognize"

    def run(*lines, header="path\ttext\tspeaker", options=()):
        (folder / "transcripts.tsv").write_text("".join(f"{one}\n" for one in (header, *lines)))
        arguments = ["evaluate", bundled, folder, "--program", program]
        arguments += ["--output", tmp_path / "out", *options]
        return CliRunner().invoke(app, [str(one) for one in arguments])

    return run


@pytest.fixture
def heard(evaluate, tmp_path):
    """What the bundle hears in the three recordings, by name."""
    names = ("one.flac", "deep/two of them.wav", "low.wav")
    assert evaluate(*(f"{name}\ta\tanna" for name in names)).exit_code == 0
    lines = (tmp_path / "out/words.txt").read_text().splitlines()
    return {name.replace("_", " "): words for name, _, words in (x.partition(" ") for x in lines)}


def test_words_that_were_said_are_no_errors(evaluate, heard, tmp_path):
    assert sum(len(words.split()) for words in heard.values()) > 3
    lines = [f"{name}\t{words.upper()}!\tanna" for name, words in heard.items() if words]
    run = evaluate(*lines, options=("--jobs", "2"))
    assert run.exit_code == 0, run.output
    assert run.stdout.startswith("WER 0.00 % (95 % interval 0.00 to 0.00 with utterances drawn)")
    assert "times real time" in run.stdout or "RTF" in run.stdout


def test_errors_are_counted_by_hand_and_shown_in_place(evaluate, heard, tmp_path):
    first, *others = (name for name, words in heard.items() if words)
    said = heard[first].split()
    lines = [f"{first}\t{' '.join(said[1:])} zebra7\tanna"]
    lines += [f"{name}\t{heard[name]}\tbert" for name in others]
    run = evaluate(*lines)
    words = sum(len(heard[name].split()) for name in (first, *others))
    score = json.loads((tmp_path / "out/test.score.json").read_text())
    assert (score["errors"], score["words"]) == (2, words)
    assert f"WER {200 / words:.2f} %" in run.stdout
    assert "1 words (" in run.stdout and "not in the bundle's lexicon" in run.stdout
    assert "characters that no word of the bundle has" in run.stderr and "7" in run.stderr
    errors = (tmp_path / "out/test.errors.txt").read_text()
    assert f"({said[0]}->*)" not in errors and f"(*->{said[0]})" in errors


@pytest.mark.parametrize(
    ("lines", "header", "complaint"),
    [
        (["one.flac\ta", "gone.wav\tb"], "path\ttext", "gone.wav (missing)"),
        (["one.flac\ta", "one.flac\tb"], "path\ttext", "has one.flac twice"),
        (["one.flac\t"], "path\ttext", "line 2 has no text"),
        (["one.flac\ta"], "path\twords", "has no column 'text'"),
        (["one.flac,a"], "path,text", "no tab"),
        ([], "path\ttext", "names no recording"),
    ],
)
def test_wrong_tables_are_refused_before_anything_is_heard(
    evaluate, tmp_path, lines, header, complaint
):
    run = evaluate(*lines, header=header)
    assert run.exit_code == 1 and complaint in str(run.exception)
    assert not (tmp_path / "out").exists()


def test_text_is_brought_to_the_letters_of_the_lexicon():
    assert text_of({"anna", "don't"}).case == "lower"
    assert text_of({"ANNA", "OTTO"}).case == "upper"
    assert text_of({"Anna", "otto"}).case == "keep"
    assert "-" not in text_of({"e-mail"}).strip and "." in text_of({"e-mail"}).strip
    assert text_of({"我", "们"}).words == "characters"
