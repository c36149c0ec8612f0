import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_results import copy, find, rows_of
from typer.testing import CliRunner

from schatten.cli.report import app
from schatten.errors import UserError
from schatten.recipe.chain import Node
from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.report.figures import write as write_figure
from schatten.report.verdict import verdict
from schatten.runtime import files
from schatten.score.paired import paired_difference
from schatten.score.pooled import pooled_difference, pooled_interval
from schatten.score.run import beside

TAU = "tau0.60@e12"


@pytest.fixture(scope="module")
def written(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    tables.write(experiment, folder)
    return folder


def test_every_model_seed_and_split_has_a_row(written: Path) -> None:
    rows = rows_of(written / "wer.csv")
    keys = [(row["split"], row["system"], row["rank"], row["seed"]) for row in rows]
    per_split = 1 + 4 + 4 * (2 + 2)  # dense, l2, and trace with two seeds, mean and std
    assert len(set(keys)) == len(keys) == 2 * per_split
    assert keys[0] == ("test", "dense", "whole", "1")
    assert find(rows, split="test", rank="tau0.60@e6", seed="mean")["system"] == "trace"


def test_a_row_holds_what_was_scored(written: Path, experiment: Experiment) -> None:
    row = find(rows_of(written / "wer.csv"), split="test_accent", system="l2", rank=TAU)
    stage2, before = (
        experiment.recipe.node("l2", 1, f"{TAU}/{stage}") for stage in ("stage2", "factored")
    )
    main = _score(experiment, stage2, "lexicon", "large")
    assert float(row["wer_large"]) == main["wer"]
    assert [float(row["wer_low"]), float(row["wer_high"])] == main["wer_interval"]
    assert int(row["substitutions"]) == main["substitutions"]
    assert float(row["wer_small"]) == _score(experiment, stage2, "lexicon", "small")["wer"]
    assert float(row["cer_greedy"]) == _score(experiment, stage2, "greedy", "none")["cer"]
    assert (
        float(row["wer_lm_before_stage2"]) == _score(experiment, before, "lexicon", "large")["wer"]
    )
    assert (
        float(row["cer_greedy_before_stage2"])
        == _score(experiment, before, "greedy", "none")["cer"]
    )
    assert float(row["wer_letters"]) == _score(experiment, stage2, "open", "letters")["wer"]
    assert float(row["out_of_lexicon_percent"]) == main["out_of_lexicon"]["percent"] > 0
    assert float(row["wer_out_of_lexicon"]) == main["out_of_lexicon"]["wer"] > 0
    assert row["matrix_ranks"] == "21/21/21/21/21"
    assert float(row["share_of_baseline_percent"]) == pytest.approx(33.0, abs=0.01)
    assert float(row["megabytes_fp32"]) == pytest.approx(int(row["parameters"]) * 4e-6, abs=1e-4)


def _score(experiment: Experiment, row: Node, decoder: str, lm: str) -> Any:
    return files.read_json(experiment.layout.score(row, decoder, lm, "test_accent"))


def test_differences_are_paired_with_the_baseline(written: Path, experiment: Experiment) -> None:
    row = find(rows_of(written / "wer.csv"), split="test", system="trace", rank="whole", seed="2")
    dense, trace = (
        experiment.layout.decoded(
            experiment.recipe.node(system, seed, "stage1"), "lexicon", "large"
        )
        for system, seed in (("dense", 1), ("trace", 2))
    )
    name = "test.utterances.csv"
    expected = paired_difference(dense / name, trace / name, samples=100)
    assert float(row["difference"]) == pytest.approx(expected.points, abs=1e-4)
    assert float(row["difference_high"]) == pytest.approx(expected.high, abs=1e-4)
    baseline = find(rows_of(written / "wer.csv"), split="test", system="dense")
    assert (baseline["difference"], baseline["verdict"]) == ("", "baseline")


def test_wer_csv_is_the_same_when_trained_elsewhere_and_cost_says_where(
    tmp_path: Path, written: Path, experiment: Experiment
) -> None:
    other = copy(experiment, tmp_path)
    path = other.layout.am(experiment.recipe.node("dense", 1, "stage1")) / "history.json"
    changes = {"host": "tower", "date": "2031-05-06", "commit": "fedcba9", "training_seconds": 77.0}
    files.write_json(path, {**files.read_json(path), **changes})
    tables.write(other, tmp_path / "tables")
    wer, cost = tmp_path / "tables/wer.csv", tmp_path / "tables/cost.csv"
    assert wer.read_bytes() == (written / "wer.csv").read_bytes()
    assert (
        find(rows_of(cost), system="dense").items() >= {"host": "tower", "seconds": "77.0"}.items()
    )


def test_cost_counts_stage_1_up_to_the_transition(written: Path) -> None:
    rows = rows_of(written / "cost.csv")
    first = find(rows, system="trace", rank="whole", step="stage 1", seed="1")
    assert (first["epochs"], first["seconds"], first["chain_seconds"]) == ("12", "120.0", "120.0")
    later = find(rows, system="trace", rank="tau0.60@e6", step="stage 2", seed="1")
    assert (later["epochs"], later["seconds"]) == ("4", "40.0")
    assert later["chain_seconds"] == "100.0"  # six epochs of the first training, then these


def test_notes_say_sizes_scale_decoding_and_margin(written: Path) -> None:
    notes = files.read_text(written / "wer.md").rpartition("|\n")[2]
    for part in (
        "test\\_accent 60 utterances, 300 words, 0.05 h, 3 speakers",
        "summed over an utterance, averaged over the batch",
        "beam 200",
        "those of fc\\_nonrec, gru0\\_nonrec, gru0\\_rec",
        "below 1.5 points",
        "at commit",
    ):
        assert part in notes


def test_a_missing_score_is_one_sentence(tmp_path: Path, experiment: Experiment) -> None:
    experiment = copy(experiment, tmp_path)
    score = experiment.layout.score(
        experiment.recipe.node("l2", 1, f"{TAU}/stage2"), "greedy", "none", "test"
    )
    score.unlink()
    with pytest.raises(UserError, match=r"stage2/fp32/greedy/none/test\.score\.json"):
        tables.write(experiment, tmp_path / "tables")
    files.write_json(score, {"wer": "high"})
    with pytest.raises(UserError, match=r"test\.score\.json is not what .* writes \(wer"):
        tables.write(experiment, tmp_path / "tables")
    assert not (tmp_path / "tables").exists()


def test_without_a_language_model_greedy_wer_is_compared(
    experiment: Experiment, tmp_path: Path
) -> None:
    recipe = experiment.recipe.model_copy(update={"language_models": {}})
    tables.write(Experiment(recipe, experiment.layout), tmp_path)
    rows = [row for row in rows_of(tmp_path / "wer.csv") if row["seed"] == "1"]
    dense = float(find(rows, split="test", system="dense")["wer_greedy"])
    row = find(rows, split="test", system="l2", rank=TAU)
    assert float(row["wer_greedy"]) - dense == pytest.approx(float(row["difference"]), abs=1e-3)
    assert "None" not in files.read_text(tmp_path / "wer.md")


def test_the_verbs_find_the_artifacts_of_a_recipe(experiment: Experiment, tmp_path: Path) -> None:
    recipe = str(experiment.layout.results.parent / "recipes/voice/tiny.yaml")
    common = ["--recipe", recipe, "--data-key", "abc", "--results", str(experiment.layout.results)]
    run = CliRunner().invoke(app, ["table", *common, "--output-dir", str(tmp_path)])
    assert run.exit_code == 0, run.output
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == [
        f"{table}.{kind}"
        for table in ("cost", "engine", "ranks", "systems", "times", "wer")
        for kind in ("csv", "html", "md", "tex")
    ]


def test_where_characters_are_words_tables_show_cer(experiment: Experiment, tmp_path: Path) -> None:
    recipe = experiment.recipe
    text = recipe.text.model_copy(update={"words": "characters"})
    of_characters = replace(experiment, recipe=recipe.model_copy(update={"text": text}))
    tables.write(of_characters, tmp_path)
    for name in ("wer", "ranks", "tiers", "engine"):
        if (tmp_path / f"{name}.md").is_file():
            page = (tmp_path / f"{name}.md").read_text()
            assert "CER large" in page
            assert not re.search(r"\bWER\b", page)
    columns = re.findall(r"\| CER greedy +\|", (tmp_path / "wer.md").read_text())
    assert len(columns) == len(recipe.splits.test)
    assert "wer_large" in rows_of(tmp_path / "wer.csv")[0]
    said = "\n".join(text for text, _ in tables._shown(of_characters, 80))
    assert "CER" in said
    assert "WER" not in said
    write_figure(of_characters, "parameters", tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text()
    assert "<!-- CER (%)" in drawn
    assert "WER (%)" not in drawn


def test_the_mean_over_seeds_has_their_common_interval_and_verdict(
    experiment: Experiment, written: Path
) -> None:
    rows = rows_of(written / "wer.csv")
    mean = find(rows, split="test", system="trace", rank="whole", seed="mean")
    layout, recipe = experiment.layout, experiment.recipe
    paths = [
        beside(layout.score(recipe.node(*node), "lexicon", "large", "test"), ".utterances.csv")
        for node in (("dense", 1, "stage1"), *[("trace", s, "whole/stage1") for s in (1, 2)])
    ]
    drawing = (recipe.tables.bootstrap_samples, recipe.tables.confidence)
    found = pooled_difference(paths[:1], paths[1:], *drawing).points
    low, high = pooled_interval(paths[1:], *drawing)
    ends = [float(mean[f"wer_{end}"]) for end in ("low", "high")]
    assert ends == pytest.approx((low, high), abs=1e-4)
    ends = [float(mean[f"difference_{end}"]) for end in ("low", "high")]
    assert ends == pytest.approx(found.by_utterance, abs=1e-4)
    assert mean["verdict"] == verdict(found, recipe.tables.margin)
