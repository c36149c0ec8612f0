"""The rules of a chain's steps: one pattern of a rule for each class of step.

Outputs cannot be functions of wildcards. So each set of kept epochs has a rule of its own, made
from the pattern. Trainings of other names have a rule of their own too; otherwise the graph of the
rules would have a circle.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.recipe.chain import Node
from schatten.recipe.layout import NodePattern
from schatten.workflow.experiment import Experiment, options_of

PATTERN = NodePattern()
FIRST, LATER = 10, 5
"""Priorities of trainings: more steps wait for a first one."""


@dataclass(frozen=True)
class StepRule:
    """The parts of one rule, for some nodes of one class of step."""

    experiment: Experiment
    name: str
    nodes: tuple[Node, ...]
    """Nodes of the first seed of each system."""

    @property
    def systems(self) -> str:
        """The constraint of the wildcard `system`."""
        return any_of(node.system for node in self.nodes)

    @property
    def folders(self) -> str:
        """The constraint of the wildcard `node`."""
        return any_of(node.folder for node in self.nodes)

    @property
    def outputs(self) -> dict[str, Path]:
        """The model, its history, and the models of the epochs that are kept."""
        layout, kept = self.experiment.layout, self.nodes[0].kept_epochs
        epochs = {f"e{epoch}": layout.model(PATTERN, epoch) for epoch in kept}
        history = layout.am(PATTERN) / "history.json"
        return {"model": layout.model(PATTERN), "history": history, **epochs}

    @property
    def log(self) -> Path:
        """The log beside the model."""
        return self.experiment.layout.am(PATTERN) / self.nodes[0].step.log_name

    @property
    def priority(self) -> int:
        """Steps of the highest priority run first."""
        return FIRST if self.nodes[0].parent is None else LATER

    def inputs(self, wildcards: Any) -> dict[str, Path]:
        """Return the inputs of a node's step, by the option of the verb."""
        return self.experiment.layout.needed(self.experiment.node(wildcards))

    def settings(self, wildcards: Any) -> str:
        """Return everything that determines a node's result."""
        return self.experiment.node(wildcards).settings

    def source(self, wildcards: Any) -> Path:
        """Return the model that a node's step starts from."""
        return self.inputs(wildcards)["model"]

    def options(self, wildcards: Any, input: Any) -> str:
        """Return the options of the verb that name inputs. (Of inputs: no reason to run again.)"""
        return options_of(input.items())

    def title(self, wildcards: Any, input: Any) -> str:
        """Return what a job does, in words. (A param that asks for inputs makes none run.)"""
        return self.experiment.node(wildcards).title


def step_rules(experiment: Experiment, kind: str) -> list[StepRule]:
    """Return the rules of a class of step; none if no chain has such a step."""
    groups: dict[tuple[str, tuple[int, ...]], list[Node]] = {}
    for node in experiment.every_node:
        if node.step.kind == kind:
            groups.setdefault((_rule_name(node), node.kept_epochs), []).append(node)
    owners = {(node.system, node.folder): key for key, nodes in groups.items() for node in nodes}
    found = []
    for key, nodes in groups.items():
        for number, part in enumerate(_apart(key, nodes, owners)):
            name = "_".join([key[0], *(f"e{epoch}" for epoch in key[1])])
            found.append(StepRule(experiment, f"{name}_{number}" if number else name, tuple(part)))
    return found


def _rule_name(node: Node) -> str:
    """Return `train_stage1`, `truncate` and the like; a chain's second truncation `truncate_2`."""
    if node.step.compresses:
        number = sum(one.step.compresses for one in node.chain)
        name = node.step.kind if number == 1 else f"{node.step.kind}_{number}"
    else:
        name = f"{node.step.kind}_{node.name}"
    return re.sub(r"\W", "_", name)


def _apart(key: Any, nodes: Sequence[Node], owners: dict[tuple[str, str], Any]) -> list[list[Node]]:
    """Return the nodes as they are, or by system where the rule would match another rule's."""
    systems = list(dict.fromkeys(node.system for node in nodes))
    pairs = [(system, node.folder) for system in systems for node in nodes]
    if all(owners.get(pair, key) == key for pair in pairs):
        return [list(nodes)]
    return [[node for node in nodes if node.system == system] for system in systems]


def any_of(values: Iterable[str]) -> str:
    """Return the constraint of a wildcard that takes these values alone."""
    return "|".join(re.escape(value) for value in dict.fromkeys(values))
