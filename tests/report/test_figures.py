import csv
import io
import re
from importlib import import_module
from pathlib import Path

import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from schatten.cli import app
from schatten.errors import UserError
from schatten.recipe.curves import Figures
from schatten.recipe.figures import CURVES, FIGURES, SILENT, drawn, page
from schatten.recipe.kinds import truncated
from schatten.recipe.ranks import ParameterBudget, VarianceShare
from schatten.report import figures
from schatten.report.collect import Experiment
from schatten.report.figures import parameters, series
from schatten.report.figures.spectrum import last_matrix
from schatten.runtime import files


def points(experiment: Experiment, kind: str, folder: Path) -> list[dict[str, str]]:
    table = figures.write(experiment, kind, folder / f"{kind}.png")
    return list(csv.DictReader(io.StringIO(files.read_text(table))))


@pytest.mark.parametrize("kind", [kind for kind in FIGURES if kind not in SILENT])
def test_a_figure_is_the_same_bytes_again(kind: str, lab: Experiment, tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    figures.write(lab, kind, first)
    figures.write(lab, kind, second)
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
    dev = experiment.score(experiment.recipe.node("l2", 1, "whole/stage1"), None, "dev")
    found = {(row["nu"], row["dev_cer_greedy"]) for row in rows if row["penalty"] == "l2"}
    assert found == {(str(round(0.5 + 1 / 12, 4)), str(dev.cer))}


def test_a_grid_has_a_point_for_each_pair_of_lambdas(lab: Experiment, tmp_path: Path) -> None:
    found = points(lab, "grid", tmp_path)
    assert len(found) == 12
    pairs = {(p["lambda_rec"], p["lambda_nonrec"]) for p in found if p["penalty"] == "l2"}
    assert pairs == {(rec, n) for rec in ("0.001", "0.01") for n in ("0.0", "0.01", "0.1")}
    assert {p["system"] for p in found if p["chosen"] == "yes"} == set(lab.choices["lambda"].chosen)
    for point in found:
        low, cer, high = (float(point[f"dev_cer_greedy{end}"]) for end in ("_low", "", "_high"))
        assert 0 < low <= cer <= high


def test_spectra_are_of_one_model_and_of_points_that_do_not_go_on(
    lab: Experiment, tmp_path: Path
) -> None:
    systems = {p["system"] for p in points(lab, "rank90", tmp_path)}
    assert {"dense", "partial", "lambda_l2_rec0.001_nonrec0"} <= systems
    assert not systems & {"little", "other", "split", "joint"}
    assert len([name for name in systems if name.startswith("lambda_")]) == 12


def test_a_transition_has_the_rates_of_its_three_models(lab: Experiment, tmp_path: Path) -> None:
    found = points(lab, "transition", tmp_path)
    assert [(p["system"], p["transition_epoch"]) for p in found] == [
        (f"early_{penalty}", epoch) for penalty in ("l2", "trace_norm") for epoch in "369"
    ]
    last = found[-1]
    rank = "tau0.60@e9"
    factored, final = (
        lab.recipe.node("early_trace_norm", 1, f"{rank}/{s}") for s in ("factored", "stage2")
    )
    assert float(last["dev_cer_truncated"]) == lab.score(factored, None, "dev").cer
    assert float(last["dev_cer_final"]) == lab.score(final, None, "dev").cer
    assert float(last["dev_cer_initial"]) == round(5 + 60 / 9, 4)


def test_techniques_are_what_makes_a_model_small(lab: Experiment, tmp_path: Path) -> None:
    found = points(lab, "techniques", tmp_path)
    technique = {(p["system"], p["rank"]): p["technique"] for p in found}
    assert technique["dense", "whole"] == "baseline"
    assert technique["little", "whole"] == "another dense model"
    assert technique["plain", "tau0.40@e12"] == "truncated, no penalty before"
    assert technique["early_l2", "tau0.60@e3"] == "truncated after l2"
    assert ("partial", "whole") not in technique
    assert ("other", "whole") not in technique, "it is as large as the baseline"
    weighted = VarianceShare(tau=0.5, activations=True)
    early = lab.recipe.systems["early_l2"]
    assert truncated(early, weighted) == "truncated after l2, weighted by inputs"
    budget = ParameterBudget(budget=9, activations=True)
    both = "truncated after l2, by a budget, weighted by inputs"
    assert truncated(early, budget) == both


def test_the_language_model_curve_has_a_point_for_each_way(lab: Experiment, tmp_path: Path) -> None:
    found = {p["language_model"]: p for p in points(lab, "lm_curve", tmp_path)}
    names = {f"large.{goal}.8bit" for goal in ("whole", "1e-07.own", "1e-06.witten_bell")}
    assert names < found.keys()
    assert len(found) == 2 * (1 + 2 * 2) + 1, (
        "whole and pruned, at two numbers of bits; the table's"
    )
    point = found["large.1e-06.witten_bell.8bit"]
    assert (point["threshold"], point["history"], point["bits"]) == ("1e-06", "witten_bell", "8")
    row = lab.recipe.node("dense", 1, "whole/stage1")
    name = "large.1e-06.witten_bell.8bit"
    assert float(point["wer_test"]) == lab.score(row, name, "test").wer
    assert float(point["wer_dev"]) == lab.score(row, name, "dev").wer
    info = files.read_json(lab.layout.lm(name) / "info.json")
    assert float(point["perplexity_dev"]) == info["dev"]["perplexity"]
    assert int(point["bytes"]) == info["bytes"]["bin"]
    assert (found["large"]["threshold"], found["large"]["bits"]) == ("", "32")


def test_points_of_the_curve_are_no_columns_of_the_tables(lab: Experiment) -> None:
    assert lab.recipe.table_language_models == ("large",)
    assert set(lab.recipe.lm_variants) < set(lab.recipe.language_models)


def test_a_beam_has_its_speed(lab: Experiment, tmp_path: Path) -> None:
    found = points(lab, "beam", tmp_path)
    assert [(p["beam"], p["real_time_factor"]) for p in found] == [("5", "0.0025"), ("50", "0.025")]
    assert [float(p["wer_dev"]) for p in found] == [8.9, 8.0]


def test_figures_without_their_systems_are_refused_and_the_page_says_why(
    experiment: Experiment, lab: Experiment, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="`figures` do not ask for lm_curve"):
        figures.write(experiment, "lm_curve", tmp_path / "a.png")
    for kind, reason in (("grid", "no grids"), ("transition", "no system with ranks and an early")):
        with pytest.raises(UserError, match=f"no figure '{kind}' here: the recipe has {reason}"):
            figures.write(experiment, kind, tmp_path / "a.png")
        assert f"Not drawn: the recipe has {reason}" in page(experiment.recipe)
    assert drawn(experiment.recipe) == ["parameters", "cer", "nu", "rank90", "techniques"]
    others = [kind for kind in FIGURES if kind not in SILENT]  # other tests have those
    assert drawn(lab.recipe) == others
    assert all(f"]({kind}.png)" in page(lab.recipe) for kind in others)


@pytest.mark.parametrize("kind", FIGURES)
def test_a_kind_of_figure_has_all_that_one_needs(kind: str) -> None:
    figure = FIGURES[kind]
    assert figure.title and re.fullmatch(r"[a-z][a-z0-9_]*", kind)
    assert callable(figures.drawing(kind)) and callable(figure.why_not)
    assert not (figure.on_dev and figure.is_curve), "a curve shows the baseline alone"
    said = " ".join(
        CliRunner().invoke(app, ["figure", "--help"], env={"COLUMNS": "80"}).output.split()
    )
    assert f" {kind}: {figure.title}" in said


def test_no_kind_of_figure_is_left_out_of_the_list() -> None:
    listed = {figure.drawing for figure in FIGURES.values()}
    modules = {path.stem for path in Path(figures.__file__).parent.glob("*.py")}
    drawings = {
        f"{module}.{name}"
        for module in modules - {"__init__"}
        for name in vars(import_module(f"schatten.report.figures.{module}"))
        if re.fullmatch(r"draw(_\w+)?", name)
    }
    assert drawings == listed
    assert set(CURVES) == set(Figures.model_fields), "each curve has its settings"


def test_the_last_recurrent_layer_is_found() -> None:
    names = ["fc_nonrec", "gru0_nonrec", "gru0_rec", "gru1_nonrec", "gru1_rec"]
    assert last_matrix(names, "nonrec") == "gru1_nonrec"
    assert last_matrix(names, "rec") == "gru1_rec"
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


@pytest.mark.parametrize(("far", "is_said"), [(1e9, False), (0.01, True)])
def test_models_far_worse_than_the_baseline_are_counted_beside_the_points(
    far: float, is_said: bool, lab: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "FAR", far)
    figure, table = parameters.draw(lab)
    (axes,) = figure.axes
    said = [text.get_text() for text in axes.texts]
    assert said == ([f"above: {len(table.lines)} models"] if is_said else [])


def test_sizes_that_are_nearly_the_same_do_not_look_different(
    lab: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "WIDE", 1e9)
    monkeypatch.setattr(parameters, "ALIKE", 1e9)
    figure, table = parameters.draw(lab)
    (axes,) = figure.axes
    largest = max(
        point[0] for line in axes.lines for point in line.get_xydata() if line.get_label()[0] != "_"
    )
    assert axes.get_xlim() == (0, pytest.approx(2 * largest))
    assert table.lines
