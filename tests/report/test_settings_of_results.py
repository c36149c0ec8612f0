"""Tables say nothing of models that were made with other settings than their recipe has."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_results import RECIPE, copy

from schatten import recipe as recipes
from schatten.errors import UserError
from schatten.recipe import step_settings
from schatten.report import figures, tables
from schatten.report.collect import Experiment
from schatten.runtime import files, seals


@pytest.fixture
def recorded(experiment: Experiment, tmp_path: Path) -> Iterator[Experiment]:
    """An experiment whose models, logits, words and scores have records."""
    made = copy(experiment, tmp_path)
    for node in made.recipe.nodes("l2", 1):
        name = f"--recipe tiny --system l2 --seed 1 --node '{node.folder}'"
        model, verb = made.layout.am(node) / "history.json", node.step.kind
        record(model, verb, f"schatten {verb} {name}", json.loads(node.settings), [])
        for decoder, lm in (("greedy", "none"), ("lexicon", "large")):
            words = made.layout.hypotheses(node, decoder, lm, "test")
            settings = json.loads(step_settings.decoder_settings(made.recipe, decoder))
            command = f"schatten decode --decoder {decoder} --lm={lm}"
            record(words, "decode", command, settings, [model])
            settings = json.loads(step_settings.score_settings(made.recipe))
            score = made.layout.score(node, decoder, lm, "test")
            record(score, "score", "schatten score", settings, [words])
    yield made


def record(path: Path, verb: str, command: str, settings: Any, inputs: list[Path]) -> None:
    """Write a record of an artifact as it is."""
    content = {
        "format": 2,
        "verb": verb,
        "command": command,
        "settings": settings,
        "seal": seals.seal(path).as_json(),
        "inputs": [{"path": str(one.resolve()), "seal": {}} for one in inputs],
    }
    files.write_json(seals.record_of(path), content)


def changed(experiment: Experiment, folder: Path, *keys: str, value: Any) -> Experiment:
    """Return the experiment of a recipe with one other value."""
    content = json.loads(json.dumps(RECIPE))
    place = content
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = value
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(content))
    return replace(experiment, recipe=recipes.load(str(path)))


def test_results_of_the_recipe_are_shown(recorded: Experiment, tmp_path: Path) -> None:
    tables.write(recorded, tmp_path / "tables")
    assert "not recorded" not in (tmp_path / "tables/wer.md").read_text()


def test_a_model_of_other_settings_is_refused_whole(recorded: Experiment, tmp_path: Path) -> None:
    keys = ("systems", "l2", "penalty", "lambda_rec")
    other = changed(recorded, tmp_path, *keys, value=0.5)
    said = "l2/seed1/stage1/history.json: lambda_rec was 0.01, is 0.5"
    with pytest.raises(UserError, match=r"schatten run` makes them again") as refused:
        tables.write(other, tmp_path / "tables")
    assert said in str(refused.value)
    assert str(refused.value).count("\n") == 1
    assert not (tmp_path / "tables").exists()
    with pytest.raises(UserError, match=r"lambda_rec was 0.01, is 0.5"):
        figures.write(other, "parameters", tmp_path / "parameters.png")


def test_words_of_other_settings_are_refused_though_only_their_score_is_read(
    recorded: Experiment, tmp_path: Path
) -> None:
    other = changed(recorded, tmp_path, "decoding", "beam", value=7)
    with pytest.raises(UserError, match=r"lexicon/large/test.hyp.txt: beam was 200, is 7"):
        tables.write(other, tmp_path / "tables")


def test_the_short_table_says_so(
    recorded: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = changed(recorded, tmp_path, "systems", "l2", "penalty", "lambda_rec", value=0.5)
    tables.show(other, [])
    assert "Made with other settings than the recipe has now: " in capsys.readouterr().out


def test_records_of_the_first_format_are_named_and_compared_with_nothing(
    recorded: Experiment, tmp_path: Path
) -> None:
    for path in seals.artifacts(recorded.layout.results):
        content = files.read_json(seals.record_of(path))
        del content["format"]
        files.write_json(seals.record_of(path), content)
    other = changed(recorded, tmp_path, "systems", "l2", "penalty", "lambda_rec", value=0.5)
    tables.write(other, tmp_path / "tables")
    text = (tmp_path / "tables/wer.md").read_text()
    assert text.count("Settings not recorded: those of l2.") == 1
