"""Models for the engine: sizes, zeros, instructions, WER and what they cost to train."""

import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_results import RECIPE, copy, find, make_experiment, rows_of

from schatten.artifacts import Instructions
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.figures import drawn, page
from schatten.recipe.kinds import technique, techniques
from schatten.recipe.layout import engine_forms
from schatten.recipe.step_settings import table_settings
from schatten.recipe.tables import has_compression, written
from schatten.report import figures, render, tables
from schatten.report.collect import Experiment
from schatten.report.compression import forms
from schatten.report.cost import chain_seconds, needed_seconds
from schatten.report.overview import overview_tables
from schatten.report.page.points import points
from schatten.runtime import files

PENALTY = {"lambda_rec": 0.01, "lambda_nonrec": 0.02}
GRADUAL = {"pruning": {"sparsity": 0.75, "block": [16, 4]}}
CONTENT: dict[str, Any] = {
    **RECIPE,
    "splits": {"test": ["test"]},
    "models": {
        **RECIPE["models"],  # type: ignore[dict-item]
        "little": {**RECIPE["models"]["gru"], "gru": [24, 24]},  # type: ignore[index]
    },
    "systems": {
        "dense": {
            "model": "gru",
            "precisions": ["fp32", "int8", "int4"],
            "chain": [
                {"train": {}},
                ["stop", {"quantize": {"bits": 8, "epochs": 2}}, {"quantize": {"bits": 4}}],
            ],
        },
        "blocks": {"model": "gru", "chain": [{"train": {"techniques": [GRADUAL]}}]},
        "narang": {
            "model": "gru",
            "chain": [{"train": {"techniques": [{"threshold_pruning": {"reference": "dense"}}]}}],
        },
        "taught": {
            "model": "little",
            "chain": [{"train": {"techniques": [{"distillation": {"teacher": "dense"}}]}}],
        },
        "cut": {
            "model": "gru",
            "precisions": ["int8"],
            "chain": [
                {"train": {"techniques": [{"trace_norm": PENALTY}]}},
                {"truncate": {"tau": 0.6, "from": "e6"}},
                {"train": {"epochs": 4}},
            ],
        },
    },
    "language_models": {"large": {}},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Results of models that are pruned, narrow, truncated and quantised."""
    return make_experiment(tmp_path_factory.mktemp("compression"), CONTENT)


def node_of(recipe: Recipe, system: str, name: str = "stage1") -> Node:
    (found,) = (one for one in recipe.nodes(system, 1) if one.name == name)
    return found


def test_a_row_for_each_model_and_precision(made: Experiment) -> None:
    found = [(form.node.system, form.node.name, form.precision) for form in forms(made)]
    assert found == [
        ("dense", "stage1", "int8"),
        ("dense", "stage1", "int4"),
        ("dense", "int8", "int8"),
        ("dense", "int4", "int4"),
        ("blocks", "stage1", "int8"),
        ("narang", "stage1", "int8"),
        ("taught", "stage1", "int8"),
        ("cut", "stage1", "int8"),
        ("cut", "stage2", "int8"),
    ]
    factored = node_of(made.recipe, "cut", "factored")
    assert engine_forms(made.recipe, factored) == []


def test_sizes_are_those_of_the_files(made: Experiment, tmp_path: Path) -> None:
    tables.write(made, tmp_path)
    row = find(rows_of(tmp_path / "compression.csv"), system="cut", rank="tau0.60@e6")
    path = made.layout.exported(node_of(made.recipe, "cut", "stage2"), "int8")
    assert int(row["bytes"]) == path.stat().st_size == 4000
    # Three quarters of the file are zeros: about a quarter is left, and no less.
    assert 1000 < int(row["xz_bytes"]) < 1200
    packed = lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    assert abs(len(packed) - int(row["xz_bytes"])) < 20
    said = (tmp_path / "compression.md").read_text()
    assert re.search(r"\| 4\.0 +\| 1\.1 ", said)
    assert "`schatten run instructions`" in said


def test_words_are_those_of_the_engine_where_it_decoded(made: Experiment, tmp_path: Path) -> None:
    tables.write(made, tmp_path)
    rows, engine = (rows_of(tmp_path / f"{name}.csv") for name in ("compression", "engine"))
    own = find(rows, system="dense", rank="whole/stage1", precision="int8")
    same = find(engine, system="dense", rank="whole/stage1", precision="int8")
    assert (own["wer_large"], own["scored_by"]) == (same["wer_large"], "engine")
    assert own["difference"]  # the baseline itself, against fp32
    torch = find(rows, system="blocks")
    wer = find(rows_of(tmp_path / "wer.csv"), system="blocks")
    for key in ("wer_large", "difference", "difference_low", "difference_high", "verdict"):
        assert torch[key] == wer[key]
    assert torch["scored_by"] == "torch, fp32"


def test_training_that_a_row_needed(made: Experiment) -> None:
    """12 epochs take 120 s, quantised passes 20 s, stage 2 40 s (fake_results)."""
    recipe = made.recipe
    dense, narang = node_of(recipe, "dense"), node_of(recipe, "narang")
    assert (chain_seconds(made, dense), needed_seconds(made, dense)) == (120, 120)
    assert (chain_seconds(made, narang), needed_seconds(made, narang)) == (120, 240)
    assert needed_seconds(made, node_of(recipe, "taught")) == 240
    cut = node_of(recipe, "cut", "stage2")
    assert (chain_seconds(made, cut), needed_seconds(made, cut)) == (100, 100)
    assert needed_seconds(made, node_of(recipe, "dense", "int4")) == 140


def test_a_model_of_another_experiment_has_no_known_cost(tmp_path: Path) -> None:
    model = tmp_path / "other.pt"
    model.write_bytes(b"weights")
    systems = {"dense": {"model": "gru", "chain": [{"train": {"initial": str(model)}}]}}
    content = {**CONTENT, "systems": systems, "tables": {"compression": True}}
    found = make_experiment(tmp_path, content)
    (form,) = forms(found)
    assert form.needed_seconds is None and form.chain_seconds == 120


def test_all_points_of_a_grid_are_needed(lab: Experiment) -> None:
    system, grid = lab.choices["lambda"].chosen[0], lab.recipe.grids["lambda"]
    points = len(list(grid.systems("lambda"))) * len(grid.seeds)
    assert needed_seconds(lab, lab.recipe.start(system, 1)) == pytest.approx(120 * points)


def test_quantised_models_have_the_size_of_their_precision(
    made: Experiment, tmp_path: Path
) -> None:
    tables.write(made, tmp_path)
    rows = rows_of(tmp_path / "wer.csv")
    narrow = find(rows, system="dense", rank="whole/int4")
    assert (narrow["precision"], float(narrow["megabytes"])) == ("int4", 0.004)
    whole = find(rows, system="dense", rank="whole/stage1")
    assert whole["precision"] == "fp32"
    assert float(whole["megabytes"]) == pytest.approx(4e-6 * int(whole["parameters"]), abs=1e-4)
    assert "megabytes_fp32" not in whole
    short = "\n".join(render.to_terminal(overview_tables(made), 100))
    assert "0.00" in next(one for one in short.splitlines() if "int4)" in one)
    found = [p for p in points(made, {}) if p.model.endswith("whole/int4") and p.lm == "large"]
    # The engine's int4 is torch's, so it is no other point.
    assert [(p.precision, p.megabytes) for p in found] == [("int4", 0.004), ("int8", 1.1)]


def test_a_recipe_without_small_models_has_no_such_table(lab: Experiment) -> None:
    assert not has_compression(lab.recipe) and "compression" not in written(lab.recipe)
    assert "bytes" not in drawn(lab.recipe)
    asked = lab.recipe.model_copy(
        update={"tables": lab.recipe.tables.model_copy(update={"compression": True})}
    )
    assert "compression" in written(asked) and "bytes" in drawn(asked)
    assert table_settings(asked) != table_settings(lab.recipe)
    assert "compression" not in table_settings(lab.recipe)


@pytest.fixture
def counted(made: Experiment, tmp_path: Path) -> Experiment:
    """The same with instructions of every model: those of a smaller file are fewer."""
    found = copy(made, tmp_path / "counted")
    for path, precision, node in _files(found):
        size = path.stat().st_size + 1000 * (node.system == "dense")
        Instructions(
            sha256=files.sha256(path),
            frames_per_second=25.0,
            a_frame={"cortex-a53": 50.0 * size, "max": 25.0 * size},
        ).write(found.layout.instructions(node, precision))
    return found


def _files(experiment: Experiment) -> Iterator[tuple[Path, str, Node]]:
    for form in forms(experiment):
        yield form.path, form.precision, form.node


def test_instructions_of_the_very_file(counted: Experiment, tmp_path: Path) -> None:
    tables.write(counted, tmp_path / "tables")
    said = (tmp_path / "tables/compression.md").read_text()
    assert re.search(r"\| 200\.0 +\| 100\.0 ", said)
    assert "schatten run instructions" not in said
    changed = node_of(counted.recipe, "blocks")
    files.write_bytes(counted.layout.exported(changed, "int8"), b"another model")
    tables.write(counted, tmp_path / "tables")
    row = find(rows_of(tmp_path / "tables/compression.csv"), system="blocks")
    assert row["instructions_cortex_a53"] == ""
    assert "schatten run instructions" in (tmp_path / "tables/compression.md").read_text()
    with pytest.raises(UserError, match="were not counted since it was exported"):
        figures.write(counted, "instructions", tmp_path / "instructions.png")


def test_figures_of_sizes_and_instructions(counted: Experiment, tmp_path: Path) -> None:
    for kind in ("bytes", "instructions"):
        path = figures.write(counted, kind, tmp_path / f"{kind}.png")
        figures.write(counted, kind, tmp_path / "again.png")
        assert (tmp_path / "again.png").read_bytes() == (tmp_path / f"{kind}.png").read_bytes()
        rows = rows_of(path)
        assert len(rows) == len(forms(counted))
        cut = find(rows, system="cut", rank="tau0.60@e6")
        assert cut["technique"] == "truncated after trace norm"
        assert float(cut["instructions_max"]) == 100_000
    assert "`schatten run instructions` makes both" in page(counted.recipe)


def test_labels_hide_no_point_and_no_label(counted: Experiment) -> None:
    drawing, _ = figures.drawing("bytes")(counted)
    drawing.draw_without_rendering()
    (axes,) = drawing.axes
    boxes = [one.get_window_extent() for one in axes.texts]
    assert boxes
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])
    for line in axes.lines:
        if line.get_marker() not in ("None", None, ""):
            x, y = axes.transData.transform(line.get_xydata()[0])
            assert not any(box.contains(x, y) for box in boxes)


def test_techniques_that_make_models_small(made: Experiment) -> None:
    recipe = made.recipe
    assert techniques(recipe) == [
        "pruned gradually, in blocks",
        "pruned by a rising threshold",
        "another dense model, with a teacher",
        "truncated after trace norm",
    ]
    assert technique(recipe, node_of(recipe, "dense", "int4")) is None


def test_figure_8_has_sparse_points_by_their_nonzeros(made: Experiment, tmp_path: Path) -> None:
    changed = copy(made, tmp_path)
    for system in ("blocks", "narang"):
        path = changed.layout.am(node_of(changed.recipe, system)) / "history.json"
        history = json.loads(path.read_text())
        path.write_text(json.dumps({**history, "parameters": 500_000}))
    rows = rows_of(figures.write(changed, "techniques", tmp_path / "techniques.png"))
    sparse = [row for row in rows if row["technique"].startswith("pruned")]
    assert [(row["system"], row["parameters"]) for row in sparse] == [
        ("blocks", "500000"),
        ("narang", "500000"),
    ]
    assert not any("int" in row["rank"] for row in rows)  # of the same parameters as before
