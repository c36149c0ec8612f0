"""Which decodings and scorings are one job: a process costs a second before its work begins.

One job decodes all test splits with a model, a decoder and a language model. One job scores all
that a model has recognised in them. Dev is decoded and scored apart, as few models need it. Outputs
cannot be functions of wildcards, so models with other decodings have a scoring rule of their own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.layout import NodePattern, decodings, engine_decodings, lexicon_models
from schatten.recipe.rates import writes_words
from schatten.workflow.experiment import Experiment
from schatten.workflow.step_rules import any_of, grouped, numbered

PATTERN = NodePattern()
FOR_CHOICES = 8
"""Priority of what the choice of a grid's best points waits for."""

WORDS, UNITS, DEVICE = "score", "score_units", "score_device"
"""Kinds of rules that score: tables' words, units of best paths, and what the table of devices asks
for beyond the precisions of a system."""

Column = tuple[str, str, str]
"""Decoder, language model and precision; the language model of greedy decoding is `none`."""


@dataclass(frozen=True)
class Part:
    """Splits that one job decodes, and the language models that it may decode with."""

    name: str
    """End of the names of its rules."""
    splits: tuple[str, ...]
    models: tuple[str, ...]
    """Language models, `none` for greedy decoding."""
    priority: int = 0

    @property
    def lm(self) -> str:
        """The constraint of the wildcard `lm`."""
        return any_of(self.models)

    def rule(self, name: str) -> str:
        """Return the name of a rule for this part: `beam`, `beam_dev`, `beam_curve`."""
        return f"{name}_{self.name}" if self.name else name

    @property
    def log(self) -> str:
        """Name of the log of decoding."""
        return f"{self.name or 'test'}.log"

    @property
    def score_log(self) -> str:
        """Name of the log of scoring."""
        return f"{self.name or 'test'}.score.log"


def parts(recipe: Recipe) -> list[Part]:
    """Return the test splits, dev, and the splits of a curve over language models, if any."""
    splits, curve = recipe.splits, tuple(recipe.lm_variants)
    models = ("none", *(name for name in recipe.language_models if name not in curve))
    found = [Part("", splits.test, models), Part("dev", (splits.dev,), models, FOR_CHOICES)]
    return [*found, Part("curve", splits.scored, curve)] if curve else found


@dataclass(frozen=True)
class ScoreRule:
    """A rule that scores all that some models have recognised in the test splits.

    Units of a best path that writes no words are scored apart, as they have a rate of their own.
    """

    experiment: Experiment
    name: str
    kind: str
    nodes: tuple[Node, ...]
    """Nodes of the first seed of each system."""
    columns: tuple[Column, ...]

    @property
    def systems(self) -> str:
        """The constraint of the wildcard `system`."""
        return any_of(node.system for node in self.nodes)

    @property
    def places(self) -> str:
        """The constraint of the wildcard `node`."""
        return any_of(place(node) for node in self.nodes)

    def inputs(self, wildcards: Any) -> dict[str, list[Path]]:
        """Return the hypotheses, for each its cuts, and what says which words or units are known.

        That is the lexicon of each language model, or the inventory of the system's units.
        """
        layout, recipe = self.experiment.layout, self.experiment.recipe
        node, pairs = self.experiment.node(wildcards), self._pairs
        files = {
            "hypotheses": [
                layout.hypotheses(node, decoder, lm, split, precision)
                for (decoder, lm, precision), split in pairs
            ],
            "cuts": [layout.cuts(split) for _, split in pairs],
        }
        if self.kind == UNITS:
            return files | {"units": [layout.units(recipe.systems[wildcards.system].units)]}
        return files | {"lexicon": [known_words(self.experiment, lm) for (_, lm, _), _ in pairs]}

    def options(self, wildcards: Any, input: Any) -> list[str]:
        """Return the options of the verb that name inputs."""
        return [f"--{name}={path}" for name in self.inputs(wildcards) for path in input[name]]

    @property
    def scores(self) -> list[Path]:
        """The scores, in the order of the hypotheses."""
        return [
            self.experiment.layout.score(PATTERN, decoder, lm, split, precision)
            for (decoder, lm, precision), split in self._pairs
        ]

    @property
    def listings(self) -> list[Path]:
        """What lies beside the scores, for people."""
        return [
            path
            for (decoder, lm, precision), split in self._pairs
            for path in self.experiment.layout.listings(PATTERN, decoder, lm, split, precision)
        ]

    @property
    def log(self) -> Path:
        """The log, above the folders of the precisions."""
        return self.experiment.layout.home / "decode" / PATTERN.path / f"{self.kind}.log"

    @property
    def _pairs(self) -> list[tuple[Column, str]]:
        """What is scored: columns and splits."""
        splits = self.experiment.recipe.splits.test
        return [(column, split) for column in self.columns for split in splits]


def score_rules(experiment: Experiment) -> list[ScoreRule]:
    """Return the rules that score the test splits: one for each set of columns."""
    found = []
    for kind in (WORDS, UNITS, DEVICE):
        columns = {node: _columns(experiment.recipe, node, kind) for node in experiment.every_node}
        nodes = [node for node, those in columns.items() if those]
        for number, (those, _, part) in enumerate(grouped(nodes, columns.__getitem__, place)):
            found.append(ScoreRule(experiment, numbered(kind, number), kind, part, those))
    return found


def _columns(recipe: Recipe, node: Node, kind: str) -> tuple[Column, ...]:
    """Return what a kind of rule scores of a node."""
    precisions = node.system_settings.precisions or ()
    if kind == DEVICE:
        is_apart = node.is_final and node.deployed not in precisions
        return tuple(("engine", lm, node.deployed) for lm in lexicon_models(recipe) if is_apart)
    every = [(decoder, lm, "fp32") for decoder, lm in decodings(recipe, node)]
    every += [("engine", lm, precision) for precision, lm in engine_decodings(recipe, node)]
    in_units = not writes_words(recipe, node.units)
    return tuple(one for one in every if (in_units and one[1] == "none") == (kind == UNITS))


def known_words(experiment: Experiment, lm: str) -> Path:
    """Return the lexicon of the words that a language model has seen; greedy: the main one's."""
    main = experiment.recipe.table_language_models[0]
    return experiment.layout.lexicon(main if lm == "none" else lm)


def place(node: Node) -> str:
    """Return the wildcard `node` of what is computed with a node's model."""
    return f"{node.variant}/{node.name}"
