"""`snakemake bench` after the smoke recipe: its bundles are timed on this host."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from project import SMOKE, Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


@pytest.fixture
def dense_alone(done: Project) -> Iterator[Project]:
    """The finished run with the one system that the engine has decoded in int8."""
    original = done.recipe.read_text()
    content = yaml.safe_load(original)
    content["systems"] = {**content["systems"], "l2": None, "trace_norm": None}
    done.recipe.write_text(yaml.safe_dump(content, sort_keys=False))
    yield done
    done.recipe.write_text(original)
    # What devices measured becomes a part of the report, which would be made again in other tests.
    shutil.rmtree(done.tables.parent / "devices")


def bench(project: Project, *options: str) -> str:
    status, output = project.run("schatten", "run", "bench", "--recipe", SMOKE, *options)
    assert status == 0, output
    return output


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_table_of_devices_is_filled_from_what_is_there(dense_alone: Project) -> None:
    bench(dense_alone, "-j2")
    here, *boards = rows_of(dense_alone.tables / "devices.csv")
    assert (here["system"], here["lm"], here["speed_up_is"]) == ("dense", "fivegram", "measured")
    assert float(here["speed_up"]) > 1
    assert here["differing"] == "0 of 20"
    engine = rows_of(dense_alone.tables / "engine.csv")
    wanted = {"system": "dense", "precision": "int8", "split": "test"}.items()
    (int8,) = (row for row in engine if wanted <= row.items())
    assert here["wer"] == int8["wer_fivegram"]
    assert {row["speed_up"] for row in boards} == {"needs a board"}
    assert len(boards) >= 2
    assert "nothing to do" in bench(dense_alone)
    planned = bench(dense_alone, "--devices", "host rpi3", "-n")
    (step,) = (line for line in planned.splitlines() if "device measure" in line)
    assert "devices/rpi3/dense/" in step
    status, output = dense_alone.run("schatten", "run", "bench", "--devices", "rpi9", "-n")
    assert status == 1
    assert "there is no rpi9; arm/devices has host, " in output
