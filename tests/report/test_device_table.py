"""The table of devices: what was measured, what is modelled, and what needs a board."""

import csv
import io
from pathlib import Path

import pytest
from fake_results import add_devices, copy

from schatten.artifacts.devices import PARTS
from schatten.recipe.chain import Node
from schatten.report import devices
from schatten.report.choice import chosen_tiers, tier_node
from schatten.report.collect import Experiment
from schatten.report.tiers import choose_tiers
from schatten.runtime import files

HERE = {
    "device": "this machine",
    "cpu": "some CPU",
    "is_modelled": False,
    "utterances": 20,
    "differing": 0,
    "audio_seconds": 60.0,
    "speed_up": 51.234,
    "acoustic_share": 0.7512,
    **{"feature_share": 0.11, "convolution_share": 0.2, "recurrent_share": 0.5},
    **{"output_share": 0.0512, "search_share": 0.1388},
    "peak_megabytes": 17.04,
    "load_seconds": 0.0321,
    "first_seconds": 0.412,
    "final_seconds": 0.00123,
    "date": "2030-01-02",
}
NOT_KNOWN = (
    "acoustic_share",
    *PARTS,
    "peak_megabytes",
    "load_seconds",
    "first_seconds",
    "final_seconds",
)
EMULATED = {
    **HERE,
    **dict.fromkeys(NOT_KNOWN),
    "device": "Cortex-A53, emulated",
    "cpu": None,
    "is_modelled": True,
    "speed_up": 3.21,
}
BOARDS = {"rpi3": "Raspberry Pi 3", "mine": "My board"}


@pytest.fixture
def measured(lab: Experiment, tmp_path: Path) -> tuple[Experiment, list[Node]]:
    experiment = copy(lab, tmp_path)
    board = {**HERE, "device": "My board", "cpu": None, "differing": 1, "speed_up": 1.08}
    return experiment, add_devices(experiment, {"host": HERE, "emu": EMULATED, "mine": board})


def written(experiment: Experiment, names: list[str], folder: Path) -> list[dict[str, str]]:
    devices.write(experiment, names, BOARDS, folder)
    return list(csv.DictReader(io.StringIO(files.read_text(folder / "devices.csv"))))


def test_tiers_are_the_baseline_and_the_best_on_dev_that_fit(
    measured: tuple[Experiment, list[Node]], experiment: Experiment
) -> None:
    lab, rows = measured
    assert chosen_tiers(lab.recipe, lab.layout.tiers) == rows
    assert rows[0].path == "dense/seed1/whole/stage1"
    names = [tier.name for tier in choose_tiers(lab).tiers]
    assert names == ["baseline", "big"]  # no model is small enough for the tier `none`
    (big,) = (m for m in lab.models if m.node == rows[1])
    dev = lab.recipe.splits.dev
    others = [m for m in lab.models if m.history.parameters <= 1_000_000]
    assert big.history.parameters <= 1_000_000
    best = min(lab.score(m.node, None, dev).cer for m in others)
    assert lab.score(big.node, None, dev).cer == best
    every = choose_tiers(experiment).tiers
    assert {tier.name for tier in every} == {""}
    first = [m.node for m in experiment.models if m.node.seed == 1]
    assert [tier_node(experiment.recipe, tier) for tier in every] == first


def test_a_row_for_each_device_and_tier(
    measured: tuple[Experiment, list[Node]], tmp_path: Path
) -> None:
    lab, rows = measured
    found = written(lab, ["host", "emu", "mine"], tmp_path / "tables")
    assert [row["device"] for row in found] == [
        *["this machine (some CPU)"] * 2,
        *["Cortex-A53, emulated"] * 2,
        *["My board"] * 2,
        "Raspberry Pi 3",
    ]
    host, emulated, mine, away = found[0], found[2], found[4], found[6]
    assert (host["tier"], host["lm"], host["megabytes_lm"]) == ("baseline", "large", "4.0")
    engine = files.read_json(lab.layout.score(rows[0], "engine", "large", "test", "int8"))
    assert {row["wer"] for row in found if row["tier"] == "baseline"} == {
        str(round(engine["wer"], 4))
    }
    assert (host["speed_up"], host["speed_up_is"]) == ("51.234", "measured")
    assert (emulated["speed_up"], emulated["speed_up_is"]) == ("3.21", "modelled")
    assert emulated["peak_megabytes"] == emulated["recurrent_share"] == ""
    assert (host["recurrent_share"], away["search_share"]) == ("0.5", "needs a board")
    assert (mine["speed_up"], mine["differing"]) == ("1.08", "1 of 20")
    assert (away["speed_up"], away["peak_megabytes"]) == ("needs a board", "needs a board")
    assert away["wer"] == ""


def test_people_see_units_and_what_is_an_estimate(
    measured: tuple[Experiment, list[Node]], tmp_path: Path
) -> None:
    written(measured[0], ["host", "emu"], tmp_path)
    text = (tmp_path / "devices.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith("| this machine"))
    cells = [cell.strip() for cell in line.split("|")]
    for cell in ("51.2", "75.1", "11/20/50/5/14", "17.0", "32.1", "155", "412", "1.23", "0 of 20"):
        assert cell in cells
    assert "| at most 3.2 (modelled)" in text
    assert text.count("needs a board") > 2 * 5
    latex = (tmp_path / "devices.tex").read_text()
    assert r"\begin{tabular}" in latex
    assert "My board" in latex
