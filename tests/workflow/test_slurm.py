"""A recipe through Slurm on two nodes; jobs, a node and the run are killed: `make test-slurm`.

By default the smallest that has all that can be killed; each of its jobs starts Snakemake anew.
Of the nightly tests, the smoke recipe.
"""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import slurm_nodes
import yaml
from project import SMOKE, Project, copy_project
from slurm_nodes import has_started_again
from small_data import assert_same_training, training_verb

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("workflow"),
    pytest.mark.skipif(
        "SCHATTEN_TEST_SLURM" not in os.environ, reason="needs a Slurm cluster: make test-slurm"
    ),
]
FEW = "voicesearch_like/few"
CONTENT = {
    "extends": Path(SMOKE).name,
    "title": "Spoken commands through Slurm",
    "corpus": {
        "block": 40,
        "lm_sentences": 1000,
        "train": {"utterances": 80},
        "dev": {"utterances": 6},
        "test": {"utterances": 6},
    },
    "trainings": {"default": {"epochs": 24}},
    "systems": {
        "dense": {"precisions": ["int8"]},
        "l2": {"precisions": None, "ranks": None, "stage2": None},
        "trace_norm": {"precisions": None},
    },
    "language_models": {"characters": None},
    "tables": {"bundles": False},
}
"""Few utterances, in more than one block; trainings long enough to meet and to be killed in."""
SHARDS = """
set-threads: {corpus: 2}
set-resources: {corpus: {nodes: 2, tasks: 2, mpi: srun}}
"""
TABLE = "tables/wer.csv"
PATIENCE = 1800.0
"""Seconds to wait for an event."""


@pytest.fixture(params=[FEW, pytest.param(SMOKE, marks=pytest.mark.nightly)])
def recipe(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def copy_with_recipe(snapshot: Path, folder: Path) -> Project:
    project = copy_project(snapshot, folder)
    (project.path / f"recipes/{FEW}.yaml").write_text(yaml.safe_dump(CONTENT))
    return project


@pytest.fixture
def at_slurm(snapshot: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of the project whose profile looks at its jobs every second; its jobs end with it.

    The corpus is made in two tasks of its job, one on each node, each with two processes.
    """
    project = copy_with_recipe(snapshot, tmp_path)
    profile = project.path / "profiles/slurm/config.yaml"
    settings = profile.read_text().replace("status-checks: 20", "status-checks: 1")
    profile.write_text(settings + SHARDS)
    yield project
    subprocess.run(["scancel", "--me"], check=False)
    wait(lambda: not jobs(project), "the jobs to end")


@pytest.fixture
def kill_node() -> Iterator[Callable[[str], None]]:
    """Kill a node; it is back after the test."""
    killed: list[str] = []

    def kill(node: str) -> None:
        slurm_nodes.kill(node)
        killed.append(node)

    yield kill
    daemons = [slurm_nodes.revive(node) for node in killed]
    wait(lambda: all(map(slurm_nodes.is_idle, killed)), "killed nodes to be back")
    assert all(daemon.poll() is None for daemon in daemons)


def jobs(project: Project, state: str = "PENDING,RUNNING,COMPLETING") -> dict[str, str]:
    """Return the project's jobs: what they make, by their ids."""
    query = ["squeue", "--me", "--noheader", f"--states={state}", "--format=%A %k %Z"]
    rows = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    words = [row.split(" ") for row in rows]
    return {job: comment for job, comment, folder in words if folder == str(project.path)}


def trainings(project: Project) -> dict[str, str]:
    return {job: name for job, name in jobs(project, "RUNNING").items() if "train_stage1" in name}


def wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def kill_training(project: Project, system: str) -> bool:
    """Kill the process that trains a system; tell whether there was one.

    Any process of the project may end while they are looked through.
    """
    for pid in project.processes():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if "train" in words and words[words.index("train") + 4] == system:
                os.kill(pid, signal.SIGKILL)
                return True
        except (OSError, IndexError):
            continue
    return False


def kill_node_of_a_training(
    project: Project, kill_node: Callable[[str], None]
) -> list[tuple[str, str]]:
    """Kill the node of a training; return the jobs that it had, each with the node."""
    wait(lambda: bool(trainings(project)), "a training on a node")
    node = slurm_nodes.job_of(next(iter(trainings(project))))["NodeList"]
    lost = [job for job in jobs(project, "RUNNING") if slurm_nodes.job_of(job)["NodeList"] == node]
    kill_node(node)
    return [(job, node) for job in lost]


@pytest.fixture
def table(snapshot: Path, tmp_path_factory: pytest.TempPathFactory, recipe: str) -> bytes:
    """The table that a run on this machine makes."""
    project = copy_with_recipe(snapshot, tmp_path_factory.mktemp("here"))
    status, output = project.run("schatten", "run", "wer_tables", "--recipe", recipe, "-j2")
    assert status == 0, output
    return (project.path / "results" / recipe / TABLE).read_bytes()


def test_a_training_over_two_nodes_is_that_of_one_process(tmp_path: Path) -> None:
    verb = training_verb(tmp_path)
    here = [*verb, "--output", "one/model.pt"]
    subprocess.run(here, cwd=tmp_path, check=True, capture_output=True)
    script = tmp_path / "job.sh"
    there = shlex.join([*verb, "--output", "two/model.pt", "--processes", "2"])
    script.write_text(f"#!/bin/sh -e\nsrun printenv SLURMD_NODENAME\n{there}\n")
    layout = ["--nodes=2", "--ntasks=2", "--cpus-per-task=1"]
    job = ["sbatch", "--wait", *layout, "--output=log", "--chdir", str(tmp_path), str(script)]
    status = subprocess.run(job, check=False, capture_output=True).returncode
    log = (tmp_path / "log").read_text()
    assert status == 0, log
    assert set(log.split()) >= set(slurm_nodes.NODES)
    assert_same_training(tmp_path / "one", tmp_path / "two")


def test_killed_jobs_a_killed_node_and_a_killed_run_change_no_table(
    at_slurm: Project, recipe: str, table: bytes, kill_node: Callable[[str], None]
) -> None:
    command = ("schatten", "run", "wer_tables", "--recipe", recipe, "--profile", "slurm")
    log = (at_slurm.path / "first.log").open("w+")
    first = subprocess.Popen(
        command, cwd=at_slurm.path, env=at_slurm.environment, stdout=log, stderr=log
    )
    checkpoints = at_slurm.path / "state"
    shards: set[str] = set()

    def shards_are_on_both() -> bool:
        for job, name in jobs(at_slurm, "RUNNING").items():
            shards.update(slurm_nodes.nodes_of_steps(job) if "corpus" in name else ())
        return first.poll() is not None or shards == set(slurm_nodes.NODES)

    wait(shards_are_on_both, "blocks of the corpus on both nodes")
    wait(lambda: first.poll() is not None or len(trainings(at_slurm)) >= 3, "three jobs at once")
    wait(
        lambda: first.poll() is not None or len(list(checkpoints.glob("*/last.ckpt"))) >= 3,
        "three trainings to write checkpoints",
    )
    assert first.poll() is None, Path(log.name).read_text()
    places = {slurm_nodes.job_of(job)["NodeList"] for job in trainings(at_slurm)}
    assert places == set(slurm_nodes.NODES)

    (cancelled,) = (job for job, name in trainings(at_slurm).items() if "l2" in name)
    subprocess.run(["scancel", cancelled], check=True)
    wait(lambda: kill_training(at_slurm, "trace_norm"), "a training to kill")
    wait(lambda: Path(log.name).read_text().count("FAILED train") == 2, "two failures")
    wait(lambda: len(jobs(at_slurm)) >= 2 or first.poll() is not None, "new tries")
    killed = kill_node_of_a_training(at_slurm, kill_node)
    wait(lambda: all(has_started_again(job, node) for job, node in killed), "its jobs elsewhere")
    wait(lambda: bool(jobs(at_slurm)) or first.poll() is not None, "a job in the queue")
    first.kill()
    first.wait()
    assert jobs(at_slurm), "the run had nothing in the queue when it was killed"

    status, output = at_slurm.run(*command)
    assert status == 0, output
    assert "jobs in Slurm: cancelled" in output
    assert output.splitlines()[-1].endswith("min")
    assert not jobs(at_slurm)
    assert (at_slurm.path / "results" / recipe / TABLE).read_bytes() == table
