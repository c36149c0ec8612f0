"""The table of stages: WER after CTC, sequence training and adaptation, each with its control."""

from pathlib import Path
from typing import Any

import pytest
from fake_results import RECIPE, find, make_experiment, rows_of

from schatten.recipe.step_settings import table_settings
from schatten.recipe.tables import written
from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.runtime import files
from schatten.score.paired import paired_difference

ADAPT: list[Any] = [{"adapt": {}}, {"adapt": {"split": "train", "name": "same_domain"}}]
BRANCHES: list[Any] = [
    {"sequence": {"criterion": "ctc"}},
    [{"sequence": {"criterion": "smbr"}}, ADAPT],
    {"sequence": {"criterion": "mmi"}},
]
CONTENT: dict[str, Any] = {
    **RECIPE,
    "splits": {"test": ["test", "test_accent"], "more": ["adapt"]},
    "systems": {
        "dense": {"model": "gru", "chain": [{"train": {}}, BRANCHES]},
        "cut": {
            "model": "gru",
            "chain": [
                {"train": {}},
                [{"truncate": {"tau": tau}} for tau in (0.9, 0.6)],
                {"train": {"epochs": 4}},
                BRANCHES[:2],
            ],
        },
        "server": {
            "model": "gru",
            "chain": [
                {"train": {}},
                {"sequence": {"criterion": "ctc"}},
                [{"adapt": {"criterion": "ctc"}}],
            ],
        },
        "plain": {"model": "gru"},
    },
    "language_models": {"large": {}},
    "tables": {**RECIPE["tables"], "stages": True},  # type: ignore[dict-item]
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return make_experiment(tmp_path_factory.mktemp("stages"), CONTENT)


@pytest.fixture(scope="module")
def folder(made: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    tables.write(made, folder)
    return folder


def test_a_line_for_each_rank_and_criterion(folder: Path) -> None:
    rows = [row for row in rows_of(folder / "stages.csv") if row["split"] == "test_accent"]
    assert [(row["system"], row["rank"], row["criterion"]) for row in rows] == [
        ("dense", "whole/stage1", "smbr"),
        ("dense", "whole/stage1", "mmi"),
        ("cut", "tau0.90@e12/stage2", "smbr"),
        ("cut", "tau0.60@e12/stage2", "smbr"),
        ("server", "whole/stage1", ""),
    ]
    assert len(rows_of(folder / "stages.csv")) == 2 * len(rows)


def test_each_number_is_that_of_its_model(folder: Path) -> None:
    wer = rows_of(folder / "wer.csv")
    for row in rows_of(folder / "stages.csv"):
        before = row["rank"].rpartition("/")[0]
        names = {"ctc": row["rank"], "longer": f"{before}/ctc"}
        if row["criterion"]:
            names["sequence"] = f"{before}/{row['criterion']}"
        if before != "whole":
            names = {key: name.replace("/", "/stage2/") for key, name in names.items()}
            names["ctc"] = row["rank"]
        if row["criterion"] == "smbr":
            whole = names["sequence"].removeprefix("whole/")
            names |= {one: f"{whole}/{one}" for one in ("adapted", "same_domain")}
        elif not row["criterion"]:
            names["adapted"] = "ctc/adapted"
        for key in ("ctc", "longer", "sequence", "adapted", "same_domain"):
            if key not in names:
                assert row[f"wer_{key}"] == ""
                continue
            model = find(wer, system=row["system"], rank=names[key], split=row["split"])
            assert row[f"wer_{key}"] == model["wer_large"], names[key]
            if key == "ctc":
                assert row["parameters"] == model["parameters"]


def test_differences_are_to_the_controls(folder: Path, made: Experiment) -> None:
    row = find(
        rows_of(folder / "stages.csv"), system="cut", rank="tau0.60@e12/stage2", split="test"
    )
    nodes = {one.name: one for one in made.recipe.nodes("cut", 1) if "tau0.60" in one.folder}
    for key, control, better in (
        ("sequence", "ctc", "smbr"),
        ("adapted", "same_domain", "adapted"),
    ):
        paths = [
            made.layout.decoded(nodes[name], "lexicon", "large") / "test.utterances.csv"
            for name in (control, better)
        ]
        expected = paired_difference(*paths, 100, 0.95)
        found = [float(row[f"{key}_difference{end}"]) for end in ("", "_low", "_high")]
        assert found == pytest.approx([expected.points, expected.low, expected.high], abs=1e-3)
        assert found[0] == pytest.approx(
            float(row[f"wer_{better if key == 'adapted' else key}"])
            - float(row["wer_longer" if control == "ctc" else f"wer_{control}"]),
            abs=1e-3,
        )
    server = find(rows_of(folder / "stages.csv"), system="server", split="test")
    assert (server["sequence_difference"], server["adapted_difference"]) == ("", "")


def test_people_read_the_stages_from_left_to_right(folder: Path) -> None:
    said = files.read_text(folder / "stages.md")
    header = next(one for one in said.splitlines() if one.startswith("| system"))
    places = [
        header.index(name)
        for name in (
            "WER after CTC",
            "after more CTC",
            "after sequence training",
            "minus more CTC",
            "after adapted",
            r"after same\_domain",
            "first minus second",
        )
    ]
    assert places == sorted(places)
    assert "it is the control" in said and "## Stages, split test_accent" in said


def test_it_is_written_only_where_it_is_asked_for(made: Experiment) -> None:
    plain = made.recipe.model_copy(
        update={"tables": made.recipe.tables.model_copy(update={"stages": False})}
    )
    assert "stages" in written(made.recipe) and "stages" not in written(plain)
    assert table_settings(plain) != table_settings(made.recipe)
    assert "stages" not in table_settings(plain)
