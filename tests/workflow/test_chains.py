"""Chains longer than those of the recipes here: they are planned, node by node."""

import json
import re
import shlex
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from project import Project, copy_project

from schatten import recipe as recipes
from schatten.cli import app
from schatten.recipe.step_settings import of_verb
from schatten.workflow import workflow_of

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("chains")]

CHAINS = """
extends: smoke
systems:
  l2: null
  trace_norm: null
  dense:
    chain:
      - train: {keep: [e2]}
  deep:
    model: small
    precisions: [int8]
    chain:
      - train: {techniques: [l2: {lambda_rec: 0.01}], keep: [3, e5], epochs: 6, training: two}
      - [truncate: {tau: 0.8}, truncate: {tau: 0.6, from: e3, activations: true}]
      - train:
      - [train: {name: more, epochs: 1, learning_rate: 1e-4}, stop]
  twice:
    model: small
    seeds: [2, 1]
    chain:
      - train: {techniques: [trace_norm: {lambda_rec: 0.003}], epochs: 6}
      - truncate: {rank: 16, from: e4}
      - train: {schedule: continued}
      - [truncate: {rank: 8}, stop]
      - train: {learning_rate: 2 x last, techniques: [distillation: {teacher: deep}]}
trainings:
  two: {epochs: 8, batch_seconds: 20, learning_rate: 1e-3, torch_threads: 2}
"""

MADE_FROM = {
    "dense/seed1/stage1": [],
    "deep/seed1/stage1": [],
    "deep/seed1/tau0.80@e6/factored": ["deep/seed1/stage1/model.pt"],
    "deep/seed1/tau0.80@e6/stage2": ["deep/seed1/tau0.80@e6/factored/model.pt"],
    "deep/seed1/tau0.80@e6/stage2/more": ["deep/seed1/tau0.80@e6/stage2/model.pt"],
    "deep/seed1/tau0.60act@e3/factored": ["deep/seed1/stage1/e3.pt"],
    "deep/seed1/tau0.60act@e3/stage2": ["deep/seed1/tau0.60act@e3/factored/model.pt"],
    "deep/seed1/tau0.60act@e3/stage2/more": ["deep/seed1/tau0.60act@e3/stage2/model.pt"],
    **{
        f"twice/seed{seed}/{node}": [
            f"{source.replace('SEED', f'twice/seed{seed}')}" for source in sources
        ]
        for seed in (2, 1)
        for node, sources in {
            "stage1": [],
            "rank16@e4/factored": ["SEED/stage1/e4.pt"],
            "rank16@e4/stage2": ["SEED/rank16@e4/factored/model.pt"],
            "rank16@e4/stage2/rank8@e2/factored": ["SEED/rank16@e4/stage2/model.pt"],
            "rank16@e4/stage2/rank8@e2/stage3": [
                "SEED/rank16@e4/stage2/rank8@e2/factored/model.pt",
                "deep/seed1/stage1/model.pt",
            ],
        }.items()
    },
}
"""The models that each model is made from."""
KEPT = {"dense/seed1/stage1": {"e2.pt"}, "deep/seed1/stage1": {"e3.pt", "e5.pt"}} | {
    f"twice/seed{seed}/stage1": {"e4.pt"} for seed in (2, 1)
}


@pytest.fixture(scope="module")
def chains(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project with a recipe of long chains."""
    project = copy_project(snapshot, tmp_path_factory.mktemp("chains"))
    (project.recipe.parent / "chains.yaml").write_text(CHAINS)
    return project


@pytest.fixture(scope="module")
def jobs(chains: Project) -> list[dict[str, Any]]:
    """The jobs that Snakemake plans for all tables, figures and bundles of the chains."""
    plan = Path(__file__).with_name("golden_plan.py")
    done = subprocess.run(
        [sys.executable, plan, "wer_tables", "figures", "bundle", "recipe=voicesearch_like/chains"],
        cwd=chains.path,
        env=chains.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])["jobs"]
    return found


def below_am(path: str) -> str:
    return path.partition("/chains/am/")[2]


def test_every_node_is_made_from_the_one_before_it(jobs: list[dict[str, Any]]) -> None:
    made = {
        below_am(path).removesuffix("/model.pt"): job
        for job in jobs
        for path in job["outputs"]
        if path.endswith("/model.pt")
    }
    read = {
        node: re.findall(r"--(?:model|teacher) (\S+)", job["shell"]) for node, job in made.items()
    }
    sources = {node: sorted(map(below_am, paths)) for node, paths in read.items()}
    assert sources == {node: sorted(paths) for node, paths in MADE_FROM.items()}
    for node, job in made.items():
        models = {path for path in job["inputs"] if path.endswith(".pt")}
        assert models == {str(Path(path).with_name("model.pt")) for path in read[node]}
        kept = {Path(path).name for path in job["outputs"] if path.endswith(".pt")}
        assert kept - {"model.pt"} == KEPT.get(node, set())


def test_each_tuned_model_is_searched_with_weights_of_its_own(jobs: list[dict[str, Any]]) -> None:
    tuned = {}
    for job in jobs:
        for path in job["outputs"]:
            if "/chains/tune/deep/" in path and "/lexicon/fivegram/" in path:
                tuned[path.partition("/tune/deep/seed1/")[2]] = job["inputs"][0]
    ranks = "tau0.80@e6", "tau0.60act@e3"
    assert {label.split("/lexicon/")[0] for label in tuned} == {
        "whole",
        *(f"{rank}/{name}" for rank in ranks for name in ("stage2", "stage2/more")),
    }
    assert len(set(tuned.values())) == len(tuned)


def test_settings_of_rules_are_those_of_the_records(
    jobs: list[dict[str, Any]], chains: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(chains.path)
    recipe = recipes.load("voicesearch_like/chains")
    seen = set()
    for job in jobs:
        if job["shell"] and "settings" in job["params"]:
            verb, options = _parsed(job["shell"])
            given = recipe if "recipe" in options else None
            expected = json.loads(job["params"]["settings"])
            assert of_verb(verb, given, options) == expected, job["shell"]
            seen.add(verb)
    assert seen >= {"train", "truncate", "tune", "decode", "recognize", "score", "export", "table"}


def _parsed(shell: str) -> tuple[str, dict[str, Any]]:
    """Return the verb of a shell line and its options as the verb is given them."""
    _, *words = shlex.split(re.split(r" 2?> ", shell)[0])
    command, names = typer.main.get_command(app), []
    while hasattr(command, "commands"):
        names.append(words.pop(0))
        command = command.commands[names[-1]]
    return " ".join(names), command.make_context(names[-1], words).params


def test_the_graph_of_the_rules_has_no_circle(chains: Project) -> None:
    status, output = chains.run(
        "snakemake",
        "--rulegraph",
        "dot",
        "wer_tables",
        "--config",
        "recipe=voicesearch_like/chains",
    )
    assert status == 0, output
    graph: dict[str, set[str]] = {}
    for before, after in re.findall(r"^\s*(\d+) -> (\d+)$", output, re.MULTILINE):
        graph.setdefault(after, set()).add(before)
    assert len(graph) > 10
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_a_training_has_the_threads_of_its_own_settings(
    chains: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(chains.path)
    workflow = workflow_of({"recipe": "voicesearch_like/chains"})
    first, later = (
        SimpleNamespace(system="deep", seed="1", node=folder)
        for folder in ("stage1", "tau0.80@e6/stage2")
    )
    assert (workflow.torch_threads(first), workflow.torch_threads(later)) == (2, 1)


def test_a_job_says_what_it_does(chains: Project) -> None:
    folder = "results/voicesearch_like/chains/am/deep/seed1"
    status, output = chains.run(
        "snakemake", "-n", "-j4", f"{folder}/tau0.60act@e3/stage2/more/model.pt",
        "--config", "recipe=voicesearch_like/chains",
    )  # fmt: skip
    assert status == 0, output
    said = re.findall(r"^Job \d+: (.*)$", output, re.MULTILINE)
    assert [line for line in said if "deep" in line] == [
        "train stage 1 of deep",
        "truncate deep to tau 0.60 of epoch 3, weighted by inputs",
        "train stage 2 of deep at tau 0.60 of epoch 3, weighted by inputs",
        "train more of deep at tau 0.60 of epoch 3, weighted by inputs",
    ]
