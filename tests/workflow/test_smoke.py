"""The whole workflow on `voicesearch_like/smoke`: its results, and going on after a kill."""

import csv
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from artifact_files import check as check_artifact
from processes import ends
from project import Project, copy_project
from recipe_rows import check_bounds, row_of

from schatten.runtime import progress, seals

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]
AGAIN = "trace_norm"
"""The system of the smoke recipe that is made again; its chain has every class of step."""


def models(project: Project) -> dict[str, Path]:
    home = project.tables.parent
    return {str(path.relative_to(home)): path for path in sorted(home.glob("am/**/*.pt"))}


def test_the_tables_hold_what_the_recipe_promises(done: Project) -> None:
    check_bounds(row_of("voicesearch_like/smoke"), done.path / "results")


def test_a_second_run_says_that_nothing_is_to_do(done: Project) -> None:
    assert done.make() == "nothing to do: everything asked for is there and up to date\n"


def test_plain_snakemake_has_nothing_to_do_either(done: Project) -> None:
    status, output = done.run(
        "snakemake", "-n", "wer_tables", "--config", "recipe=voicesearch_like/smoke"
    )
    assert status == 0
    assert "Nothing to be done" in output


@pytest.fixture(scope="module")
def snakemakes_report(done: Project) -> Path:
    config = "recipe=voicesearch_like/smoke"
    status, output = done.run(
        "snakemake", "wer_tables", "--report", "workflow.html", "--config", config
    )
    assert status == 0, output
    return done.path / "workflow.html"


def test_snakemake_shows_tables_and_figures_in_its_report(snakemakes_report: Path) -> None:
    page = snakemakes_report.read_text()
    assert "Spoken commands, synthetic, some minutes" in page, "the title"
    assert "a row for each model" in page, "the introduction"
    assert "verdict on the difference to the baseline" in page, "a caption"
    assert "parameters against WER with the main language model" in page, "a label"
    shown = set(re.findall(r"tables/(\w+)\.html", page))
    assert shown >= {"wer", "cost", "systems", "times", "ranks", "engine", "bundles"}
    assert not re.search(r"tables/\w+\.(md|csv|tex)\W+name", page), "nothing to download"


@pytest.mark.skipif("SCHATTEN_TEST_BROWSER" not in os.environ, reason="make test-browser")
def test_a_table_of_snakemakes_report_can_be_read_in_a_browser(snakemakes_report: Path) -> None:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(one)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(snakemakes_report.as_uri())
        results = "results/voicesearch_like/smoke/tables/wer.html"
        driver.execute_script(
            "app.setView({content: 'html', contentPath: results[arguments[0]].data_uri,"
            "resultPath: arguments[0]})",
            results,
        )
        until = time.monotonic() + 60
        while not driver.find_elements("tag name", "iframe"):
            assert time.monotonic() < until, "no table is shown"
            time.sleep(0.2)
        driver.switch_to.frame(driver.find_element("tag name", "iframe"))
        assert "dense" in driver.find_element("tag name", "table").text
    finally:
        driver.quit()


def test_the_report_holds_the_results(done: Project) -> None:
    page = (done.tables.parent / "report.html").read_text()
    assert len(page) < 15_000_000
    data = json.loads(re.search(r'id="data-json">(.*?)</script>', page)[1])  # type: ignore[index]
    shipped = [one["shipped"] for one in data["points"] if one["shipped"]]
    assert len(shipped) == 5, "every model has a bundle"
    assert all((done.path / one["path"]).is_dir() for one in shipped)
    assert all(one["speed_up"] > 1 and one["peak_megabytes"] > 1 for one in shipped)
    (split,) = data["splits"]
    assert len(split["utterances"]) == 60 and len(split["sounds"]) > 20
    assert {one["noise"] for one in split["utterances"]} > {"none"}
    assert "<td>train</td>" in page, "costs of the steps by verb"


def test_no_artifact_is_half_written(done: Project) -> None:
    hidden = (done.path / "results").rglob(".*")
    others = {path.name for path in hidden if not path.name.endswith(seals.SUFFIX)}
    assert others <= {".snakemake_timestamp"}
    assert not list((done.path / "state").glob("*"))


def test_every_json_file_has_a_class_that_gives_all_of_it(done: Project, tmp_path: Path) -> None:
    found = [path for path in (done.path / "results").rglob("*.json") if path.name[0] != "."]
    assert {"history.json", "test.score.json", "validation.json"} <= {path.name for path in found}
    for path in found:
        check_artifact(path, tmp_path / "again.json")


def test_every_artifact_is_explained_back_to_the_audio(done: Project) -> None:
    status, output = done.run("schatten", "explain", "--json", str(done.tables / "wer.csv"))
    assert status == 0, output
    chain = json.loads(output)
    outside = {s["path"] for s in chain["sources"] if s["note"] == "from outside"}
    assert {Path(path).name for path in outside} <= {"schatten-recognize", "decode_logprobs"}
    inside = [source for source in chain["sources"] if source["path"] not in outside]
    recordings = {source["note"].rpartition("/")[2] for source in inside}
    assert recordings == {f"{split}.cuts.jsonl.gz" for split in ("train", "dev", "test")}
    results = done.path / "results"
    artifacts = [path for path in results.rglob("*") if path.is_file() and is_artifact(path)]
    assert [path for path in artifacts if not seals.record_of(path).is_file()] == []
    assert seals.record_of(*results.glob("*/*/audio")).is_file()


def is_artifact(path: Path) -> bool:
    hidden_or_log = path.name.startswith(".") or path.suffix == ".log" or path.name == "log"
    in_sealed_folder = path.name != "manifest.json" and {"bundle", "audio"} & {*path.parts}
    return not hidden_or_log and not in_sealed_folder


@pytest.fixture(
    scope="module", params=[AGAIN, pytest.param("everything", marks=pytest.mark.nightly)]
)
def resumed(
    request: pytest.FixtureRequest,
    done: Project,
    snapshot: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    """A copy where a run with -j1 was killed in the middle of a training, and then went on.

    It made everything, or all of one system beside what the finished run made.
    """
    project = copy_project(snapshot, tmp_path_factory.mktemp("resumed"))
    if request.param == AGAIN:
        keep_all_but_one_system(done, project)
    killed = project.start(
        "schatten", "run", "wer_tables", "--recipe=voicesearch_like/smoke", "-j1"
    )
    wait_for_checkpoint(project)
    working = [pid for pid in project.processes() if pid != killed.pid]
    assert working
    killed.kill()
    killed.wait()
    assert all(ends(pid) for pid in working)
    assert list((project.path / "state").glob("*/last.ckpt"))
    assert project.make("-j1").startswith("a run was killed and left its lock: lifted\n")
    yield project


def keep_all_but_one_system(done: Project, project: Project) -> None:
    """Copy the finished run's files with their time stamps, but for a system and the tables."""
    for name in (".snakemake", "results"):
        shutil.copytree(done.path / name, project.path / name, symlinks=True)
    home = project.tables.parent
    for folder in [path for path in home.rglob(AGAIN) if path.is_dir()]:
        shutil.rmtree(folder)
    shutil.rmtree(project.tables)


def wait_for_checkpoint(project: Project, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not list((project.path / "state").glob("*/last.ckpt")):
        assert time.monotonic() < deadline, "no training wrote a checkpoint"
        time.sleep(0.01)


def test_a_killed_run_gives_the_same_weights_to_the_bit(done: Project, resumed: Project) -> None:
    undisturbed, interrupted = models(done), models(resumed)
    assert undisturbed.keys() == interrupted.keys() != set()
    made_again = {
        name
        for name, path in undisturbed.items()
        if path.stat().st_mtime_ns != interrupted[name].stat().st_mtime_ns
    }
    assert made_again >= {name for name in undisturbed if AGAIN in Path(name).parts} != set()
    for name, path in undisturbed.items():
        assert same_weights(path, interrupted[name]), name


def same_weights(one: Path, other: Path) -> bool:
    first, second = (torch.load(path, weights_only=True)["state"] for path in (one, other))
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_one_job_or_eight_and_a_kill_give_the_same_table(done: Project, resumed: Project) -> None:
    assert (done.tables / "wer.csv").read_bytes() == (resumed.tables / "wer.csv").read_bytes()
    with (done.tables / "wer.csv").open() as file:
        assert list(csv.DictReader(file))


def test_a_training_that_is_killed_again_and_again_ends_with_the_same_weights(
    done: Project, tmp_path: Path
) -> None:
    """The verb alone, killed in three epochs; each start resumes from the last one."""
    (model,) = done.tables.parent.glob("am/dense/seed*/stage1/model.pt")
    again = done.path / "again" / "model.pt"
    command = [*training_command(done, model), "--output", str(again)]
    began = []
    for share in (0.3, 0.6, 0.9):
        folder = tmp_path / str(share)
        folder.mkdir()
        process = done.start(*command, SCHATTEN_PROGRESS=str(folder))
        began.append(share_reached(folder, 0.0))
        share_reached(folder, share)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not again.exists(), "the training ended before it was killed: make it longer"
    assert began[0] < 0.2 < began[1] < 0.5 < began[2]
    status, output = done.run(*command)
    assert status == 0, output
    assert same_weights(model, again)


def share_reached(folder: Path, share: float, seconds: float = 120.0) -> float:
    """Wait until a process reports at least this share of its work; return the share."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reached = [seen.share for seen in progress.read(folder).values() if seen.share >= share]
        if reached:
            return reached[0]
        time.sleep(0.02)
    raise AssertionError("the training did not get there")


def training_command(project: Project, model: Path) -> list[str]:
    """Return the command that made a model of stage 1, without its output."""
    status, output = project.run(
        *("snakemake", "-n", "-p", "--force", str(model.relative_to(project.path))),
        *("--config", "recipe=voicesearch_like/smoke"),
    )
    assert status == 0, output
    (line,) = (line for line in output.splitlines() if "schatten train" in line)
    return line[line.index("schatten train") :].partition(" --output ")[0].split()
