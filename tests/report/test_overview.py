"""What `schatten show` prints: the short table, to the character, and what is next."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from fake_results import RECIPE, copy, make_experiment

from schatten.artifacts import Score, read
from schatten.report import next_steps, render, tables
from schatten.report.collect import Experiment
from schatten.report.overview import (
    engine_has,
    overview_heading,
    overview_notes,
    overview_tables,
    said_size,
)
from schatten.report.verdict import verdict_word
from schatten.runtime import files

GOLDEN = Path(__file__).with_name("show.txt")
CONFIG = ["recipe=voice/tiny"]


@pytest.fixture(autouse=True)
def clone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an environment, as a clone has one."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/activate").touch()
    monkeypatch.chdir(folder)
    return folder


def rows(experiment: Experiment) -> dict[str, tuple[Any, ...]]:
    """Return the values of the main split's rows, by the model's name (int8: with the model's)."""
    found, name = {}, ""
    for cells in overview_tables(experiment)[0].lines:
        text = cells[0].text
        name = name + text if text.startswith(" ") else text
        found[name] = tuple(cell.values[0] for cell in cells[1:])
    return found


def printed(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> list[str]:
    tables.show(experiment, CONFIG)
    home = str(experiment.layout.results.parent)
    return capsys.readouterr().out.replace(home + "/", "").splitlines()


def test_the_table_is_the_golden_one_and_fits_80_columns(
    experiment: Experiment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = printed(experiment, capsys)
    assert lines == GOLDEN.read_text().splitlines()
    assert max(map(len, lines[: lines.index("") + 1])) <= 80
    last = next(place for place, text in enumerate(lines) if text.startswith("Next, "))
    assert max(map(len, lines[:last])) <= 80


@pytest.mark.parametrize("width", [80, 100, 200])
def test_headings_stand_in_one_line_and_rows_are_whole(lab: Experiment, width: int) -> None:
    lines = render.to_terminal(overview_tables(lab), width)
    heads = [text for text in lines if text.startswith("system, ")]
    assert [text.split() for text in heads] == [
        ["system,", "on", "test", "M", "params", "MB", "WER", "95", "%", "interval", "verdict"]
    ]
    assert max(map(len, lines)) <= width
    names = list(rows(lab))
    assert [name for name in names if not any(text.startswith(name) for text in lines)] == []


@pytest.mark.parametrize("width", [40, 50, 60])
def test_a_narrower_terminal_keeps_name_wer_and_verdict(experiment: Experiment, width: int) -> None:
    lines = render.to_terminal(overview_tables(experiment), width)
    assert max(map(len, lines)) <= width
    assert lines[0].split()[:3] == ["system,", "on", "test"]
    assert lines[0].split()[-2:] == ["WER", "verdict"]
    assert sum("18 % of the size" in text for text in lines) == 4


def test_a_row_holds_what_was_scored(experiment: Experiment) -> None:
    node = experiment.recipe.node("l2", 1, "tau0.60@e12/stage2")
    fp32 = read(experiment.layout.score(node, "lexicon", "large", "test"), Score)
    int8 = read(experiment.layout.score(node, "engine", "large", "test", "int8"), Score)
    found = rows(experiment)
    parameters = experiment.history(node).parameters
    low, high = fp32.wer_interval
    assert found["l2, 1/3 of the size"] == (
        *(parameters, 4e-6 * parameters, fp32.wer, f"[{low:.2f}, {high:.2f}]", "undecided"),
    )
    assert found["l2, 1/3 of the size  int8 in the engine"][:3] == (parameters, 1.1, int8.wer)


def test_int8_is_judged_against_the_baseline_in_fp32(
    experiment: Experiment, tmp_path: Path
) -> None:
    other, node = copy(experiment, tmp_path), experiment.recipe.node("dense", 1, "stage1")
    lexicon = other.layout.score(node, "lexicon", "large", "test")
    engine = other.layout.score(node, "engine", "large", "test", "int8")
    same = "test.utterances.csv"
    files.write_text(engine.with_name(same), files.read_text(lexicon.with_name(same)))
    assert rows(experiment)["dense  int8 in the engine"][-1] == "undecided"
    assert rows(other)["dense  int8 in the engine"][-1] == "not worse"


def test_seeds_are_one_row_and_a_verdict_that_a_seed_turns_is_none(
    experiment: Experiment,
) -> None:
    nodes = [experiment.recipe.node("trace", seed, "whole/stage1") for seed in (1, 2)]
    wers = [read(experiment.layout.score(n, "lexicon", "large", "test"), Score).wer for n in nodes]
    verdicts = {
        verdict_word(result.difference, experiment.recipe.tables.margin)
        for result in experiment.results("test")
        if result.difference and result.model.node in nodes
    }
    assert len(verdicts) == 2, "the seeds of this fixture do not agree"
    found = rows(experiment)["trace, whole, 2 seeds"]
    assert found[2] == pytest.approx(sum(wers) / 2)
    assert found[3:] == (f"{min(wers):.2f} to {max(wers):.2f}", "differs")
    assert any("Several seeds" in note for note in overview_notes(experiment))


def test_sizes_are_said_as_people_say_them() -> None:
    assert [said_size(share) for share in (1, 1.004, 0.9674, 0.496, 0.324, 0.355, 0.5, 0.2)] == [
        *("whole", "whole", "97 % of the size", "1/2 of the size", "1/3 of the size"),
        *("36 % of the size", "1/2 of the size", "1/5 of the size"),
    ]


def test_models_of_one_system_and_size_are_told_apart_by_their_labels(lab: Experiment) -> None:
    names = list(rows(lab))
    assert len(set(names)) == len(lab.models) - sum(len(m.system.seeds) > 1 for m in lab.models) / 2
    assert [name for name in names if name.startswith("early_l2, 1/3")] == [
        f"early_l2, 1/3 of the size (tau0.60@e{epoch})" for epoch in (3, 6, 9)
    ]
    assert "plain, 1/3 of the size" in names


def test_without_a_language_model_best_paths_are_shown_and_run(experiment: Experiment) -> None:
    recipe = experiment.recipe.model_copy(update={"language_models": {}})
    greedy = Experiment(recipe, experiment.layout)
    node = recipe.node("dense", 1, "stage1")
    score = read(experiment.layout.score(node, "greedy", "none", "test"), Score)
    assert rows(greedy)["dense"][2] == score.wer
    assert overview_heading(greedy) == "WER in %, of the best path, without a language model"
    (talk,) = (text for text in next_steps.next_steps(greedy, CONFIG) if text.startswith("Talk "))
    assert talk == "Talk to dense: schatten try --recipe voice/tiny [FILE...]"


def test_int8_is_shown_only_with_the_language_model_of_the_table(experiment: Experiment) -> None:
    node, models = experiment.recipe.node("dense", 1, "stage1"), experiment.recipe.language_models
    letters = {"language_models": {"letters": models["letters"]}}
    other = Experiment(experiment.recipe.model_copy(update=letters), experiment.layout)
    assert engine_has(experiment, node, "int8")
    assert not engine_has(other, node, "int8"), "the engine does not search n-grams of characters"


def test_the_commands_name_files_that_are_there(experiment: Experiment) -> None:
    lines = next_steps.next_steps(experiment, CONFIG)
    assert lines[0].endswith("(. .venv/bin/activate):")
    compare = shlex.split(lines[1].partition(": ")[2])
    first, second = compare[3], compare[5]
    assert "/dense/" in first and Path(first).is_file()
    assert "/dense/" not in second and Path(second).is_file()
    assert lines[2].endswith(": schatten try --recipe voice/tiny [FILE...]")
    assert lines[3].endswith(f": {experiment.layout.report}")


def test_the_best_on_dev_is_talked_to(lab: Experiment, tmp_path: Path) -> None:
    other = copy(lab, tmp_path)
    node = lab.recipe.node("joint", 1, "tau0.60@e12/stage2")
    path = other.layout.weights(node, "large")
    files.write_json(path, {**files.read_json(path), "wer": 0.5})
    assert next_steps.best_first(other)[0].node == node
    config = [*CONFIG, "corpus_dir=my corpus"]
    lines = next_steps.next_steps(other, config)
    assert (
        "Talk to joint, the best on dev: "
        "schatten try --recipe voice/tiny --corpus-dir 'my corpus' [FILE...]"
    ) in lines


def test_the_baseline_is_compared_with_its_own_compressed_models_too(
    experiment: Experiment, tmp_path: Path
) -> None:
    tables_of_l2 = experiment.recipe.tables.model_copy(update={"baseline": "l2"})
    other = copy(experiment, tmp_path)
    recipe = experiment.recipe.model_copy(update={"tables": tables_of_l2})
    path = other.layout.weights(recipe.node("l2", 1, "tau0.60@e12/stage2"), "large")
    files.write_json(path, {**files.read_json(path), "wer": 0.5})
    compare = shlex.split(next_steps.next_steps(Experiment(recipe, other.layout), CONFIG)[1])
    first, second = (Path(word) for word in compare if word.endswith(".csv"))
    assert "l2/seed1/whole/stage1" in str(first)
    assert "l2/seed1/tau0.60@e12/stage2" in str(second)


def test_one_system_is_compared_with_nothing(tmp_path: Path) -> None:
    content = {**RECIPE, "systems": {"dense": RECIPE["systems"]["dense"]}}  # type: ignore[index]
    lines = next_steps.next_steps(make_experiment(tmp_path, content), CONFIG)
    assert [text.split(" ")[0] for text in lines] == ["Next,", "Talk", "All"]


def test_only_a_clone_has_an_environment_to_enter(experiment: Experiment, clone: Path) -> None:
    (clone / ".venv/bin/activate").unlink()
    assert next_steps.next_steps(experiment, CONFIG)[0] == "Next:"
