"""Command acceptance: counts, levels of noise, the table, and what may not be used in training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from project import ROOT
from recipe_rows import initial_models
from typer.testing import CliRunner

from schatten import recipe as recipes
from schatten.artifacts import Acceptance, AcceptedAtLevel
from schatten.cli import app
from schatten.device.accept_split import accept_split, levels_order
from schatten.device.commands import Noise, levels_of, read_commands
from schatten.errors import UserError
from schatten.grammar import load_own
from schatten.grammar.slots import Parser
from schatten.recipe.commands import CommandRecordings
from schatten.report.commands import published_rows, row_of, rows_of, tables_of
from schatten.runtime import files
from schatten.score.commands import Heard, Slots, accepted, interval

HELD_OUT = ("kitchen", "voice_commands")
"""Noise and recordings of the benchmark, in names of files."""
KITCHENS = ("kitchen.flac", "kitchen.opus")
"""Files of noise that folders of noise may hold, and that no training may use."""
UNNAMED = "recorded noise without leave_out"


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    path = tmp_path / "lights.grammar"
    path.write_text("query = turn <state:states> the <room:rooms> light\nstates = on | off\n")
    path.write_text(path.read_text() + "rooms = kitchen | living room\n")
    return Slots(Parser(load_own(path)))


def test_a_command_is_right_if_all_slots_are(slots: Slots) -> None:
    said = {"state": "on", "room": "kitchen"}
    words = ["turn", "on", "the", "kitchen", "light"]
    heard = [
        Heard("clean", said, words, words),
        Heard("clean", said, ["turn", "on", "kitchen", "light"], words),
        Heard("clean", said, ["turn", "off", "the", "kitchen", "light"]),
        Heard("6 dB", {"state": "on"}, words),
    ]
    clean, noisy = accepted(heard, slots)
    assert (clean.level, clean.commands, clean.right, clean.exact) == ("clean", 3, 2, 2)
    assert (clean.words, clean.word_errors) == (10, 1)
    assert (noisy.level, noisy.commands, noisy.right, noisy.words) == ("6 dB", 1, 0, 0)


def test_the_interval_draws_speakers(slots: Slots) -> None:
    said = {"state": "on", "room": "kitchen"}
    right, wrong = (["turn", state, "the", "kitchen", "light"] for state in ("on", "off"))
    alike = [Heard("6 dB", said, w, speaker=s) for s in "abc" for w in (right, wrong)]
    assert interval(alike, slots) == (50.0, 50.0), "every speaker has the same share"
    apart = [Heard("6 dB", said, w, speaker=s) for s, w in zip("ab", (right, wrong), strict=True)]
    apart += [replace(one, speaker=f"{one.speaker}2") for one in apart]
    low, high = interval(apart, slots) or (0.0, 0.0)
    assert 0 <= low < 50 < high <= 100
    assert accepted(apart, slots)[0].interval == (low, high)
    assert interval(alike[:2], slots) is None, "one speaker"
    assert interval([*alike, Heard("6 dB", said, right)], slots) is None, "one is not known"


def test_a_split_stands_in_a_table_of_its_own() -> None:
    levels = [counted("clean", 190), counted("6 dB", 150), counted("9 dB", 150)]
    alone = Acceptance(
        speech="recordings of the split test alone",
        trained_on=False,
        speakers=8,
        levels=levels,
        noise_interval=(70.04, 79.96),
    )
    whole = Acceptance(
        speech="recordings", trained_on=False, speakers=46, levels=levels, apart=alone
    )
    tables = tables_of(rows_of("dense", whole), [])
    assert [table.title for table in tables] == [
        "Command acceptance (%), recordings, 46 speakers",
        "Command acceptance (%), recordings of the split test alone, 8 speakers",
    ]
    assert "[70.0, 80.0]" in [cell.text for cell in tables[1].lines[0]]


def test_levels_have_names_and_an_order() -> None:
    names = levels_of([None, 3.0, 10.0, 25.0], (10.0, 20.0))
    assert names == ["clean", "below 10 dB", "below 20 dB", "20 dB and more"]
    assert sorted([names[2], names[3], names[0], names[1]], key=levels_order) == names
    assert levels_of([5.0], ()) == ["in noise"]


def test_noise_is_as_loud_as_the_benchmark_has_it(tmp_path: Path) -> None:
    """The loudest frame of the speech is so many dB above the loudest one of its noise."""
    random = np.random.default_rng(1)
    soundfile.write(tmp_path / "noise.wav", 0.1 * random.standard_normal(40000), 16000)
    speech = np.sin(np.arange(20480) / 20) * np.linspace(0, 0.3, 20480)
    noise = Noise(tmp_path / "noise.wav", 6.0)
    mixed = noise.added(speech, "one@6")
    energies = [
        (frames.reshape(-1, 2048) ** 2).sum(axis=1).max() for frames in (speech, mixed - speech)
    ]
    assert 10 * np.log10(energies[0] / energies[1]) == pytest.approx(6.0, abs=0.01)
    assert np.array_equal(mixed, noise.added(speech, "one@6"))
    assert not np.array_equal(mixed, noise.added(speech, "two@6"))
    assert len(noise.added(np.tile(speech, 3), "long")) == 3 * len(speech)


def test_recordings_are_read_clean_and_at_each_level(tmp_path: Path) -> None:
    (tmp_path / "commands.tsv").write_text(
        'utt_id\tpath\tspeaker\tslots\na\ta.wav\ts1\t{"size": "large"}\nb\tb.wav\ts2\t{}\n'
    )
    (tmp_path / "texts.tsv").write_text("utt_id\ttext\na\tA LARGE ONE\n")
    (tmp_path / "noise.wav").write_bytes(b"")
    settings = CommandRecordings(texts="texts.tsv", noise="noise.wav", snr=(6.0, 24.0))
    found = list(read_commands(tmp_path, settings))
    assert [one.utterance.id for one in found] == ["a", "b", "a@6", "b@6", "a@24", "b@24"]
    assert [one.level for one in found[::2]] == ["clean", "6 dB", "24 dB"]
    assert found[0].file == tmp_path / "a.wav"
    below = CommandRecordings(table=f"{tmp_path.name}/commands.tsv")
    assert next(read_commands(tmp_path.parent, below)).file == tmp_path / "a.wav"
    assert found[0].utterance.words == ("a", "large", "one") and not found[1].utterance.words
    (tmp_path / "commands.tsv").write_text("utt_id\tpath\tslots\na\ta.wav\tlarge\n")
    with pytest.raises(UserError, match=r"commands.tsv, a: slots are no JSON object of texts"):
        list(read_commands(tmp_path, settings))
    with pytest.raises(UserError, match=r"no.tsv does not exist: correct commands.recordings"):
        list(read_commands(tmp_path, CommandRecordings(table="no.tsv")))


def counted(level: str, right: int) -> AcceptedAtLevel:
    return AcceptedAtLevel(
        level=level, commands=200, right=right, exact=9, words=100, word_errors=5
    )


def test_published_rows_stand_above_ours(tmp_path: Path) -> None:
    found = Acceptance(
        speech="recordings",
        trained_on=False,
        speakers=46,
        levels=[counted("clean", 190), counted("6 dB", 150), counted("9 dB", 170)],
        bytes=400_000,
    )
    made = Acceptance(
        speech="synthetic", trained_on=False, speakers=3, levels=[counted("clean", 200)]
    )
    path = tmp_path / "published.tsv"
    path.write_text("system\t6 dB\t9 dB\nElsewhere\t70\t80\n")
    ours = [row_of("dense", made), row_of("dense", found)]
    synthetic, real = tables_of(ours, published_rows(path, "recordings"))
    assert [len(table.lines) for table in (synthetic, real)] == [1, 2]
    texts = [[cell.text for cell in line] for line in real.lines]
    assert texts[0] == ["Elsewhere", "", "70.0", "80.0", "75.0", "", "", "", "no"]
    assert texts[1] == ["dense", "95.0", "75.0", "85.0", "80.0", "", "5.00", "0.400", "no"]
    path.write_text("system\t6 dB\nElsewhere\tmany\n")
    with pytest.raises(UserError, match=r"published.tsv:2: give a number for each of the levels"):
        published_rows(path, "")


def test_the_verb_writes_the_table_of_some_results(tmp_path: Path) -> None:
    for name in ("one", "two"):
        levels = [counted("clean", 190), counted("6 dB", 150)]
        found = Acceptance(speech="recordings", trained_on=False, speakers=4, levels=levels)
        found.write(tmp_path / f"{name}.json")
    recipe = str(ROOT / "recipes/commands/coffee.yaml")
    run = ["commands", "table", "--recipe", recipe, "--output", str(tmp_path / "commands")]
    for name in ("one", "two"):
        run += ["--accepted", str(tmp_path / f"{name}.json"), "--system", name]
    done = CliRunner().invoke(app, run)
    assert done.exit_code == 0, done.output
    rows = (tmp_path / "commands.csv").read_text().splitlines()
    assert rows[0].startswith(
        "system,accepted_clean,accepted_6 dB,mean,mean_interval,wer_clean,megabytes"
    )
    assert [row.split(",")[0] for row in rows[1:]] == ["one", "two"]


def banned(recipe: dict[str, Any]) -> list[str]:
    """Return what a recipe makes its model from that is of the benchmark, or may be."""
    corpus = recipe["corpus"]
    parts = [part["corpus"] for part in corpus.get("parts", {}).values()] or [corpus]
    found = [key for key in ("initial", "corpus_dir") if key in recipe]
    if names := [name for name in HELD_OUT if name in json.dumps(_without_left_out(recipe))]:
        found += names
    for part in parts:
        style = part if part["source"] == "voicesearch_like" else part.get("multi_style")
        if style is None:
            continue
        noise = style["noise"]
        if "recording" in noise["kinds"] and not set(KITCHENS) <= set(noise.get("leave_out", ())):
            found.append(UNNAMED)
    if any(part["source"] != "voicesearch_like" for part in parts):
        folders = {part.get("folder") for part in corpus.get("parts", {}).values()}
        found += ["the corpus folder itself"] if folders <= {None, ""} else []
    return found


def _without_left_out(value: Any) -> Any:
    """Return settings without the names of files that are not used."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in ("leave_out", "commands")}
        return {key: _without_left_out(one) for key, one in kept.items()}
    return [_without_left_out(one) for one in value] if isinstance(value, list) else value


def test_nothing_that_a_recipe_makes_its_model_from_is_of_the_benchmark() -> None:
    """Its recordings and its kitchen's noise are in `commands.recordings` alone.

    A model to begin with is one of another recipe here, for which the same holds.
    """
    paths = sorted((ROOT / "recipes/commands").glob("*.yaml"))
    assert len(paths) >= 3
    for path in paths:
        loaded = recipes.load(str(path))
        for other in initial_models(loaded):
            results, corpus, experiment, *_ = other.parts
            assert results == "results"
            check_made_from(recipes.load(str(ROOT / f"recipes/{corpus}/{experiment}.yaml")))
        check_made_from(loaded)
        assert "corpus_dir" not in yaml.safe_load(path.read_text())


def check_made_from(loaded: recipes.Recipe) -> None:
    """Check that no name of the benchmark's files is in a recipe, nor a folder of noises."""
    content = loaded.model_dump(mode="json", exclude={"commands"})
    assert not [name for name in HELD_OUT if name in json.dumps(content)]
    corpus = content["corpus"]
    parts = [one["corpus"] for one in corpus.get("parts", {}).values()] or [corpus]
    for part in parts:
        style = part if part["source"] == "voicesearch_like" else part.get("multi_style")
        if style is not None:
            assert "recording" not in style["noise"]["kinds"]
            assert style["noise"]["directory"] is None
            assert style["reverberation"]["directory"] is None


def test_the_published_results_are_those_of_the_benchmark() -> None:
    """Mean over 6 to 24 dB of kitchen noise, as its makers published it."""
    rows = published_rows(ROOT / "recipes/commands/coffee_published.tsv", "recordings")
    means = {row.system.split()[-1]: round(row.mean or 0, 1) for row in rows}
    expected = {"Dialogflow": 78.9, "Lex": 85.4, "Watson": 89.1, "LUIS": 90.6, "device": 98.1}
    assert means == pytest.approx(expected, abs=0.35)  # its shares are rounded to whole percents


def test_a_split_of_which_no_noise_is_known_is_refused(tmp_path: Path) -> None:
    said = {"id": "a", "speaker": "anna", "text": "a small latte"}
    cuts = tmp_path / "test.cuts.jsonl.gz"
    files.write_jsonl(cuts, [{"id": "a", "supervisions": [said]}])
    files.write_jsonl(tmp_path / "test.conditions.jsonl.gz", [{"id": "a", "noise": "of a street"}])
    (tmp_path / "test.hyp.txt").write_text("a small latte\n")
    recipe = recipes.load("commands/coffee")
    with pytest.raises(UserError, match=r"test\.conditions.* does not say which noise a has"):
        accept_split(recipe, cuts, tmp_path / "test.hyp.txt", tmp_path / "manifest.json")
