"""Grids over lambda: points are systems with names that paths can hold, and the best go on."""

from pathlib import Path

import pytest
import yaml

from schatten import recipe
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.grid import plain
from schatten.recipe.layout import grid_nodes, table_nodes

GRID = {
    "model": "small",
    "penalties": {
        "l2": {"lambda_rec": [0.00001, 0.01], "lambda_nonrec": [0, 0.1]},
        "trace_norm": {"lambda_rec": [0.1, 1], "lambda_nonrec": [0.5, 2.5]},
    },
    "best": {
        "count": 1,
        "seeds": [1, 2],
        "ranks": [{"tau": 0.5}],
        "stage2": {"transition": "early", "at_epoch": [1, 2]},
    },
}
RECIPE = {
    "title": "A grid",
    "corpus": {"source": "tsv"},
    "models": {"small": {"type": "lstm", "lstm": [8]}},
    "trainings": {"default": {"epochs": 3, "batch_seconds": 10, "learning_rate": 0.1}},
    "systems": {"dense": {"model": "small"}},
    "grids": {"lambda": GRID},
    "language_models": {"big": {}},
}
POINT = "lambda_l2_rec0.01_nonrec0"


def loaded(folder: Path, **changes: object) -> Recipe:
    path = folder / "grid.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "grids": {"lambda": {**GRID, **changes}}}))
    return recipe.load(str(path))


def test_points_are_systems_whose_names_say_what_they_are(tmp_path: Path) -> None:
    grid = loaded(tmp_path)
    assert list(grid.systems)[:5] == [
        "dense",
        "lambda_l2_rec0.00001_nonrec0",
        "lambda_l2_rec0.00001_nonrec0.1",
        "lambda_l2_rec0.01_nonrec0",
        "lambda_l2_rec0.01_nonrec0.1",
    ]
    assert len(grid.systems) == 9
    penalty = grid.systems[POINT].regularizer
    assert (penalty.type, penalty.lambda_rec, penalty.lambda_nonrec) == ("l2", 0.01, 0.0)
    assert grid.grid_points[POINT] == "lambda"


@pytest.mark.parametrize(("number", "text"), [(1e-7, "0.0000001"), (3.0, "3"), (10, "10")])
def test_numbers_in_names_have_no_exponent(number: float, text: str) -> None:
    assert plain(number) == text


def test_every_point_is_looked_at_and_only_the_chosen_go_on(tmp_path: Path) -> None:
    grid = loaded(tmp_path)
    assert {row.path for row in table_nodes(grid)} == {"dense/seed1/whole/stage1"}
    assert [row.path for row in grid_nodes(grid, "lambda")][:1] == [
        "lambda_l2_rec0.00001_nonrec0/seed1/whole/stage1"
    ]
    assert len(grid_nodes(grid, "lambda")) == 8
    chosen = [
        row.path for row in table_nodes(grid, [POINT]) if row.system == POINT and row.seed == 2
    ]
    assert chosen == [
        f"{POINT}/seed2/{end}"
        for end in (
            "whole/stage1",
            "tau0.50@e1/factored",
            "tau0.50@e1/stage2",
            "tau0.50@e2/factored",
            "tau0.50@e2/stage2",
        )
    ]


def test_each_transition_has_a_stage_2_of_its_own(tmp_path: Path) -> None:
    grid = loaded(tmp_path)
    first, second = (grid.node(POINT, 1, f"tau0.50@e{epoch}/stage2") for epoch in (1, 2))
    assert first.settings != second.settings
    assert [one.step.epochs_in(one) for one in (first, second)] == [2, 1]
    assert grid.start(POINT, 1).kept_epochs == (1, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"penalties": {**GRID["penalties"], "l2": {"lambda_rec": [1], "lambda_nonrec": [1]}}},  # type: ignore[dict-item]
            "same search effort, but there are points: l2 1, trace_norm 4",
        ),
        ({"seeds": [1, 5]}, r"best.seeds lacks \[5\]"),
        ({"best": {"ranks": [{"tau": 0.5}]}}, "no stage2"),
        ({"model": "large"}, r"grids.lambda.model: there is no 'large'"),
        (
            {"best": {"stage2": {"transition": "early", "at_epoch": [1, 3]}}},
            r"grids.lambda.best.stage2.at_epoch: 3 comes too late, stage 1 has 3 epochs",
        ),
    ],
)
def test_grids_that_make_no_sense_are_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        loaded(tmp_path, **changes)


def test_the_points_of_a_grid_have_to_suit_their_model(tmp_path: Path) -> None:
    narrow = {"small": {"type": "lstm", "lstm": [8], "projection": [4]}}
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "models": narrow}))
    with pytest.raises(UserError, match=r"grids.lambda.best.factorization: small has projections"):
        recipe.load(str(path))


def test_a_system_cannot_have_the_name_of_a_point(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(
        yaml.safe_dump(
            {**RECIPE, "systems": {"dense": {"model": "small"}, POINT: {"model": "small"}}}
        )
    )
    with pytest.raises(UserError, match="the grid lambda makes a system of this name"):
        recipe.load(str(path))
