"""The tables of pruned models: zeros, bytes, and what thresholds were predicted to leave."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_results import RECIPE, find, make_experiment, rows_of

from schatten.recipe.tables import written
from schatten.report import render, tables
from schatten.report.collect import Experiment
from schatten.report.overview import overview_tables

PRUNED = {"threshold_pruning": {"reference": "dense", "percentile": 80}}
CONTENT: dict[str, Any] = {
    **RECIPE,
    "splits": {"test": ["test"]},
    "systems": {
        "dense": {"model": "gru"},
        "sparse": {"model": "gru", "chain": [{"train": {"techniques": [PRUNED]}}]},
    },
    "language_models": {"large": {}},
}


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    """Results whose pruned model has a quarter of the weights of two matrices."""
    made = make_experiment(tmp_path, CONTENT)
    (model,) = (one for one in made.models if one.node.system == "sparse")
    path = made.layout.am(model.node) / "history.json"
    history = json.loads(path.read_text())
    history["parameters"] = 60_000
    history["stored_parameters"] = {
        "gru0_rec": {
            "shape": [100, 100],
            "rank": None,
            "count": 2000,
            "zeros": 0.8,
            "int8_bytes": 2500,
        },
        "fc_nonrec": {
            "shape": [100, 100],
            "rank": 100,
            "count": 6000,
            "zeros": 0.7,
            "int8_bytes": 7000,
        },
    }
    history["epochs"][-1]["predicted_sparsity"] = {"gru0_rec": 0.79, "fc_nonrec": 0.705}
    path.write_text(json.dumps(history))
    return Experiment(made.recipe, made.layout)


def test_zeros_weights_and_bytes(experiment: Experiment, tmp_path: Path) -> None:
    assert {"sparsity", "predictions"} <= set(written(experiment.recipe))
    tables.write(experiment, tmp_path / "tables")
    (row,) = rows_of(tmp_path / "tables/sparsity.csv")
    assert row["system"] == "sparse"
    # Of 10,000 entries, and of 20,000 in two factors, 8,000 are left.
    assert float(row["zeros_percent"]) == pytest.approx(100 * 22 / 30, abs=1e-3)
    assert float(row["zeros_of_model_percent"]) == pytest.approx(100 * 22 / 82, abs=1e-3)
    assert (row["nonzeros"], row["int8_megabytes"]) == ("8000", "0.0095")
    rows = rows_of(tmp_path / "tables/predictions.csv")
    assert [float(one["difference_points"]) for one in rows] == [1.0, -0.5]
    wer = find(rows_of(tmp_path / "tables/wer.csv"), system="sparse")
    assert wer["parameters"] == "60000"
    assert float(wer["megabytes_fp32"]) == pytest.approx(4 * 82_000 / 1e6)


def test_the_short_table_says_zeros(experiment: Experiment) -> None:
    texts = render.to_terminal(overview_tables(experiment), 80)
    assert any(text.startswith("sparse, 27 % zeros ") for text in "\n".join(texts).splitlines())
