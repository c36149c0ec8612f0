"""The table of conditions: error rates by accent, noise and what else is known of utterances."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fake_results import RECIPE, copy, make_experiment, rows_of

from schatten.errors import UserError
from schatten.recipe.step_settings import table_settings
from schatten.recipe.tables import written
from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.runtime import files
from schatten.score.counts import read_counts

NAMES = ["accent", "noise.kind", "noise.snr", "room"]
CONTENT: dict[str, Any] = {
    **RECIPE,
    "splits": {"test": ["test", "test_accent"]},
    "systems": {"dense": {"model": "gru"}, "plain": {"model": "gru", "seeds": [1, 2]}},
    "language_models": {"large": {}},
    "tables": {**RECIPE["tables"], "conditions": NAMES},  # type: ignore[dict-item]
}
"""Of `test_accent` nothing is known."""


def condition(number: int) -> dict[str, Any]:
    """Utterances 0, 2, 4 .. have noise of 0.0, 0.5, 1.0 .. dB; every tenth has no accent."""
    noise = {"kind": "hum" if number % 4 else "rain", "snr": number / 4}
    accent = {} if number % 10 == 0 else {"accent": "Irish" if number < 20 else "Welsh"}
    room = {"size": 3} if number % 3 else None
    return {"id": f"u{number:03}", "noise": None if number % 2 else noise, "room": room, **accent}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    made = make_experiment(tmp_path_factory.mktemp("conditions"), CONTENT)
    write(made, [condition(number) for number in range(60)])
    return made


def write(made: Experiment, rows: list[dict[str, Any]], split: str = "test") -> None:
    cuts = made.layout.cuts(split)
    files.write_jsonl(cuts.with_name(cuts.name.replace(".cuts.", ".conditions.")), rows)


def lines_of(made: Experiment, folder: Path) -> list[dict[str, str]]:
    tables.write(made, folder)
    return rows_of(folder / "conditions.csv")


def test_every_value_has_a_line_and_every_utterance_is_counted_once(
    made: Experiment, tmp_path: Path
) -> None:
    lines = [one for one in lines_of(made, tmp_path) if one["system"] == "dense"]
    assert {one["split"] for one in lines} == {"test"}, "of test_accent nothing is known"
    values = {name: [x["value"] for x in lines if x["condition"] == name] for name in NAMES}
    assert values == {
        "accent": ["Welsh", "Irish", "not known"],
        "noise.kind": ["none", "hum", "rain"],
        "noise.snr": ["0 to 3.5", "4 to 7", "7.5 to 10.5", "11 to 14.5", "none"],
        "room": ["some", "none"],
    }
    sums = Counter[str]()
    for one in lines:
        sums[one["condition"]] += int(one["utterances"])
    assert set(sums.values()) == {60}


def test_rates_are_those_of_the_utterances_that_share_the_value(
    made: Experiment, tmp_path: Path
) -> None:
    [line] = [
        one
        for one in lines_of(made, tmp_path)
        if (one["system"], one["seed"], one["value"]) == ("plain", "2", "Irish")
    ]
    node = next(m.node for m in made.models if (m.node.system, m.node.seed) == ("plain", 2))
    irish = {f"u{number:03}" for number in range(20) if number % 10}
    counts = [x for x in read_counts(made.counts_path(node, "test")) if x.utterance in irish]
    errors, words = sum(x.errors for x in counts), sum(x.words for x in counts)
    assert float(line["wer"]) == pytest.approx(100 * errors / words, abs=1e-4)
    assert (line["utterances"], line["speakers"], line["words"]) == ("18", "3", str(words))
    assert float(line["wer_low"]) <= float(line["wer"]) <= float(line["wer_high"])


def test_few_numbers_have_a_line_each(made: Experiment, tmp_path: Path) -> None:
    made = copy(made, tmp_path)
    rows = [{**condition(n), "noise": {"kind": "hum", "snr": n % 3}} for n in range(60)]
    write(made, rows)
    lines = lines_of(made, tmp_path / "tables")
    values = [x["value"] for x in lines if x["condition"] == "noise.snr" and x["system"] == "dense"]
    assert values == ["0", "1", "2"]


def test_a_condition_that_nothing_says_is_refused_with_those_that_are_there(
    made: Experiment, tmp_path: Path
) -> None:
    made = copy(made, tmp_path)
    write(made, [{"id": "u000", "age": "twenties", "noise": {"snr": 3}}])
    with pytest.raises(UserError, match=r"'accent', of which .*: there are age, noise\.snr$"):
        tables.write(made, tmp_path / "tables")


def test_only_a_recipe_that_asks_for_it_has_the_table(made: Experiment) -> None:
    without = made.recipe.model_copy(
        update={"tables": made.recipe.tables.model_copy(update={"conditions": ()})}
    )
    assert "conditions" in written(made.recipe) and "conditions" not in written(without)
    assert "conditions" in table_settings(made.recipe)
    assert "conditions" not in table_settings(without)
