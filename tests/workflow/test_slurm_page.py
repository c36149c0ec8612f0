"""docs/slurm.md: the rules of trainings that it prints are those of the recipe that it names."""

import re
from pathlib import Path

from project import ROOT

from schatten import recipe
from schatten.recipe.layout import Layout
from schatten.workflow.experiment import Experiment
from schatten.workflow.step_rules import step_rules

PAGE = (ROOT / "docs/slurm.md").read_text()


def test_the_rules_of_the_page_are_those_of_its_recipe() -> None:
    shown = re.search(r"^\$ snakemake --list-rules .*recipe=(\S+) .*\n((?:t.*\n)+)```", PAGE, re.M)
    assert shown
    settings = recipe.load(str(ROOT / f"recipes/{shown[1]}.yaml"))
    layout = Layout("voicesearch_like", "lab", "key", Path("results"))
    experiment = Experiment(shown[1], settings, layout, None)
    rules = [one for kind in ("train", "truncate") for one in step_rules(experiment, kind)]
    assert shown[2].splitlines() == sorted(rule.name for rule in rules)
    keeps = {rule.name: set(rule.outputs) - {"model", "history"} for rule in rules}
    assert keeps["train_stage1_e2_e4_e6"] == {"e2", "e4", "e6"}
    assert not keeps["train_stage1"]
