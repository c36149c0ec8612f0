"""The engine's table: rows by precision, and the loss of int8."""

import csv
import io
import re
from pathlib import Path

import pytest

from schatten.artifacts import Score, read
from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.report.engine import engine_tables
from schatten.runtime import files


@pytest.fixture(scope="module")
def rows(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    folder = tmp_path_factory.mktemp("tables")
    tables.write(experiment, folder)
    assert "Engine, split test_accent" in (folder / "engine.md").read_text()
    return list(csv.DictReader(io.StringIO(files.read_text(folder / "engine.csv"))))


def test_a_row_for_each_precision_of_each_trained_model(rows: list[dict[str, str]]) -> None:
    keys = [(row["split"], row["system"], row["rank"], row["precision"]) for row in rows]
    assert keys[:3] == [
        ("test", "dense", "whole", "fp32"),
        ("test", "dense", "whole", "int8"),
        ("test", "l2", "whole", "int8"),
    ]
    assert len(keys) == 2 * (2 + 4)
    assert {row["rank"] for row in rows if row["system"] == "l2"} == {
        "whole",
        *(f"tau{tau}@e12" for tau in ("0.90", "0.60", "0.40")),
    }


def test_the_loss_is_that_of_the_same_model(
    rows: list[dict[str, str]], experiment: Experiment
) -> None:
    fp32, int8 = rows[:2]
    layout, dense = experiment.layout, experiment.recipe.node("dense", 1, "stage1")
    scores = [
        read(layout.score(dense, "engine", "large", "test", precision), Score)
        for precision in ("fp32", "int8")
    ]
    assert [float(row["wer_large"]) for row in (fp32, int8)] == [score.wer for score in scores]
    assert float(int8["loss"]) == pytest.approx(scores[1].wer - scores[0].wer, abs=1e-3)
    assert float(int8["loss_low"]) < float(int8["loss"]) < float(int8["loss_high"])
    more = 100 * (scores[1].deletions - scores[0].deletions) / scores[0].words
    assert float(int8["loss_deletions"]) == pytest.approx(more, abs=1e-3)
    assert (fp32["loss"], fp32["loss_deletions"]) == ("", "")
    assert float(int8["megabytes"]) == 1.1
    assert float(int8["latency_ms"]) == 155.0
    reference = read(layout.score(dense, "lexicon", "large", "test"), Score)
    assert float(int8["wer_torch"]) == reference.wer


def test_without_fp32_there_is_no_loss(rows: list[dict[str, str]]) -> None:
    assert rows[2]["loss"] == ""
    assert rows[2]["wer_greedy"] > rows[2]["wer_large"]


def test_no_precisions_no_table(lab: Experiment, tmp_path: Path) -> None:
    assert engine_tables(lab) == []
    tables.write(lab, tmp_path)
    assert not (tmp_path / "engine.csv").exists()


def test_the_calibration_error_is_that_of_the_main_language_model(
    experiment: Experiment, tmp_path: Path
) -> None:
    """Words that an earlier version decoded have none."""
    dense = experiment.recipe.node("dense", 1, "stage1")
    path = experiment.layout.reliability(dense, "large", "test", "int8")
    assert path.name == "test.reliability.json"
    found = {"temperature": 2.4, "words": 50, "right": 0.9, "confidence": 0.93, "bins": []}
    files.write_json(path, {**found, "expected_calibration_error": 0.0312})
    try:
        tables.write(experiment, tmp_path)
    finally:
        path.unlink()
    table = list(csv.DictReader(io.StringIO(files.read_text(tmp_path / "engine.csv"))))
    sure = [row["expected_calibration_error"] for row in table]
    assert float(sure[1]) == 0.0312
    assert set(sure[:1] + sure[2:]) == {""}
    text = (tmp_path / "engine.md").read_text()
    assert re.search(r"\| ECE +\|", text)
    assert "expected calibration error of the words' confidences" in text
