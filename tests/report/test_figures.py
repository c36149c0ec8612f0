import csv
import io
from pathlib import Path

import pytest
from matplotlib.image import imread

from schatten import files
from schatten.errors import UserError
from schatten.report import figures
from schatten.report.collect import Experiment
from schatten.report.figures import series
from schatten.report.figures.spectrum import last_matrix


@pytest.mark.parametrize("kind", list(figures.KINDS))
def test_a_figure_is_the_same_bytes_again(
    kind: str, experiment: Experiment, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    figures.write(experiment, kind, first)
    figures.write(experiment, kind, second)
    assert first.read_bytes() == second.read_bytes()
    assert imread(first).std() > 0.05, "something is drawn"


def test_the_csv_beside_it_says_lambda_and_seed_of_each_point(
    experiment: Experiment, tmp_path: Path
) -> None:
    table = figures.write(experiment, "parameters", tmp_path / "parameters.svg")
    rows = list(csv.DictReader(io.StringIO(files.read_text(table))))
    assert len(rows) == 1 + 4 + 8
    point = next(row for row in rows if row["rank"] == "tau0.60@e6" and row["seed"] == "2")
    assert (point["lambda_rec"], point["lambda_nonrec"]) == ("0.01", "0.02")
    assert float(point["wer_low"]) <= float(point["wer_large"]) <= float(point["wer_high"])


def test_spectra_are_those_of_stage_1(experiment: Experiment, tmp_path: Path) -> None:
    table = figures.write(experiment, "nu", tmp_path / "nu.png")
    rows = list(csv.DictReader(io.StringIO(files.read_text(table))))
    assert [(row["system"], row["seed"], row["matrix"]) for row in rows][2:6] == [
        ("l2", "1", "gru1_nonrec"),
        ("l2", "1", "gru1_rec"),
        ("trace", "1", "gru1_nonrec"),
        ("trace", "1", "gru1_rec"),
    ]
    found = {(row["nu"], row["dev_cer_greedy"]) for row in rows if row["penalty"] == "l2"}
    assert found == {(str(round(0.5 + 1 / 12, 4)), "10.0")}


def test_the_last_recurrent_layer_is_found() -> None:
    names = ["fc_nonrec", "gru0_nonrec", "gru0_rec", "gru1_nonrec", "gru1_rec", "gru1_rec_1"]
    assert last_matrix(names, "nonrec") == "gru1_nonrec"
    assert last_matrix(names, "rec") == "gru1_rec_1"
    assert last_matrix(["gru0_rec+gru1_nonrec", "fc_nonrec"], "rec") is None


def test_a_grid_is_named_by_penalty(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = experiment.models
    assert "seed 2" in series.labels(models)["trace", 2]
    monkeypatch.setattr(series, "MOST_NAMED", 2)
    assert len(set(series.labels(models).values())) == 3


@pytest.mark.parametrize(("kind", "name"), [("pie", "a.png"), ("nu", "a.gif")])
def test_an_unknown_kind_or_format_is_refused(
    kind: str, name: str, experiment: Experiment, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"there are|ends in"):
        figures.write(experiment, kind, tmp_path / name)
