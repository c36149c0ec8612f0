"""The rules of a chain's steps: one pattern of a rule for each class of step.

Outputs cannot be functions of wildcards. So each set of kept epochs has a rule of its own, made
from the pattern. Trainings of other names have a rule of their own too; otherwise the graph of the
rules would have a circle.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any, TypeVar

from schatten.recipe.chain import Node
from schatten.recipe.layout import NodePattern
from schatten.recipe.steps import Sequence as SequenceStep
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
        """Return the files that a node's job waits for, by the option of the verb.

        For the model of a kept epoch this is `model.pt` beside it, an output of the same job. So
        truncations made before kept epochs were outputs stay valid: Snakemake compares inputs.
        """
        needed = self._needed(wildcards)
        if "model" in needed:
            needed["model"] = needed["model"].with_name("model.pt")
        return needed

    def _needed(self, wildcards: Any) -> dict[str, Path]:
        return self.experiment.layout.needed(self.experiment.node(wildcards))

    def settings(self, wildcards: Any) -> str:
        """Return everything that determines a node's result."""
        return self.experiment.node(wildcards).settings

    def source(self, wildcards: Any) -> Path:
        """Return the model that a node's step starts from."""
        return self._needed(wildcards)["model"]

    def options(self, wildcards: Any, input: Any) -> str:
        """Return the options of the verb that name inputs. (Of inputs: no reason to run again.)"""
        return options_of(self._needed(wildcards).items())

    def title(self, wildcards: Any, input: Any) -> str:
        """Return what a job does, in words. (A param that asks for inputs makes none run.)"""
        return self.experiment.node(wildcards).title


def step_rules(experiment: Experiment, kind: str) -> list[StepRule]:
    """Return the rules of a class of step; none if no chain has such a step."""
    nodes = [node for node in experiment.every_node if node.step.kind == kind]
    groups = grouped(nodes, lambda node: (_rule_name(node), node.kept_epochs), lambda x: x.folder)
    found = []
    for (title, epochs), number, part in groups:
        name = "_".join([title, *(f"e{epoch}" for epoch in epochs)])
        found.append(StepRule(experiment, numbered(name, number), part))
    return found


@dataclass(frozen=True)
class HypothesesRule:
    """The rule that recognises training speech with the model before some nodes."""

    experiment: Experiment
    nodes: tuple[Node, ...]
    """Nodes that own hypotheses, of the first seed of each system."""

    @property
    def systems(self) -> str:
        """The constraint of the wildcard `system`."""
        return any_of(node.system for node in self.nodes)

    @property
    def folders(self) -> str:
        """The constraint of the wildcard `node`."""
        return any_of(node.folder for node in self.nodes)

    @property
    def output(self) -> Path:
        """The hypotheses, in the folder of the first node that reads them."""
        return self.experiment.layout.training_hypotheses(PATTERN)

    def inputs(self, wildcards: Any) -> dict[str, Path]:
        """Return the model, the training speech and the units, by the option of the verb."""
        needed = self.experiment.layout.needed(self.experiment.node(wildcards))
        return {name: needed[name] for name in ("model", "train", "units") if name in needed}

    def settings(self, wildcards: Any) -> str:
        """Return everything that determines the hypotheses."""
        node = self.experiment.node(wildcards)
        assert isinstance(node.step, SequenceStep)
        return node.step.hypotheses_settings(node)

    def options(self, wildcards: Any, input: Any) -> str:
        """Return the options of the verb that name inputs."""
        return options_of(self.inputs(wildcards).items())

    def title(self, wildcards: Any, input: Any) -> str:
        """Return what a job does, in words."""
        node = self.experiment.node(wildcards)
        return f"recognise training speech for {node.title}"


def hypotheses_rules(experiment: Experiment) -> list[HypothesesRule]:
    """Return the rule that recognises training speech; none if no chain compares hypotheses."""
    owners = tuple(
        node
        for node in experiment.every_node
        if isinstance(node.step, SequenceStep)
        and node.step.reads_hypotheses
        and node.step.owner_of_hypotheses(node) == node
    )
    return [HypothesesRule(experiment, owners)] if owners else []


def _rule_name(node: Node) -> str:
    """Return `train_stage1`, `truncate` and the like; a chain's second truncation `truncate_2`."""
    if node.step.compresses:
        number = sum(one.step.compresses for one in node.chain)
        name = node.step.kind if number == 1 else f"{node.step.kind}_{number}"
    else:
        name = f"{node.step.kind}_{node.name}"
    return re.sub(r"\W", "_", name)


Key = TypeVar("Key", bound=Hashable)


def grouped(
    nodes: Iterable[Node], key_of: Callable[[Node], Key], place_of: Callable[[Node], str]
) -> list[tuple[Key, int, tuple[Node, ...]]]:
    """Return the nodes of each rule, with their key and their number among rules of that key.

    Nodes of one key share a rule. `place_of` gives a node's wildcard `node`. Where a rule's systems
    and places would match a node of another key, each system has a rule of its own.
    """
    groups: dict[Key, list[Node]] = {}
    for node in nodes:
        groups.setdefault(key_of(node), []).append(node)
    owners = {(one.system, place_of(one)): key for key, many in groups.items() for one in many}
    found = []
    for key, many in groups.items():
        systems = list(dict.fromkeys(node.system for node in many))
        pairs = [(system, place_of(node)) for system in systems for node in many]
        if all(owners.get(pair, key) == key for pair in pairs):
            found.append((key, 0, tuple(many)))
            continue
        for number, system in enumerate(systems):
            found.append((key, number, tuple(one for one in many if one.system == system)))
    return found


def numbered(name: str, number: int) -> str:
    """Return the name of a rule: the first has no number."""
    return f"{name}_{number}" if number else name


def any_of(values: Iterable[str]) -> str:
    """Return the constraint of a wildcard that takes these values alone.

    What several values begin with stands there once: a grid has a hundred names, and Snakemake
    compiles the constraint again for every output of every rule.
    """
    return _alternatives(sorted(set(values)))


def _alternatives(values: Sequence[str]) -> str:
    """Return a regular expression of sorted values, factored by their common beginnings."""
    if len(values) <= 1:
        return "".join(map(re.escape, values))
    parts = []
    for _, group in groupby(values, lambda value: value[:1]):
        some = list(group)
        pairs = zip(some[0], some[-1], strict=False)  # the others lie between these
        shared = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        rests = _alternatives([value[len(shared) :] for value in some])
        parts.append(re.escape(shared) + (f"(?:{rests})" if len(some) > 1 else ""))
    return "|".join(parts)
