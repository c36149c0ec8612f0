"""The artifacts of an experiment, joined to typed rows: what was trained, how large, how good.

A result is one model at the end of its training (a system, a seed, a rank) on one test split.
Nothing is rounded or worded here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from schatten.artifacts import Choice, Exported, History, LmInfo, Score, Weights, read
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.layout import (
    Layout,
    baseline_node,
    grid_nodes,
    search_with,
    table_nodes,
)
from schatten.recipe.rates import choosing_lm
from schatten.recipe.steps import Truncate
from schatten.recipe.systems import System
from schatten.score.paired import (
    Difference,
    RelativeDifference,
    paired_difference,
    relative_difference,
)
from schatten.score.pooled import PooledDifference, pooled_difference, pooled_interval
from schatten.score.run import beside

D = TypeVar("D", Difference, RelativeDifference)
BYTES_PER_PARAMETER = 4
"""Size of a parameter in fp32."""


@dataclass(frozen=True)
class Trained:
    """A model at the end of its training."""

    node: Node
    system: System
    history: History
    """History of the last training."""
    stage1: History
    """History of the first training of its chain; its own if there is no other."""
    model_bytes: int
    """Size of `model.pt`."""

    @property
    def stage1_epochs(self) -> int:
        """Epochs of the first training that it went through: fewer after an early transition."""
        following = self.node.chain[1:2]
        if following and isinstance(following[0].step, Truncate):
            return following[0].step.epoch_in(following[0])
        return len(self.stage1.epochs)

    @property
    def is_compressed(self) -> bool:
        """Whether it went through a step that compresses."""
        return self.node.is_compressed


@dataclass(frozen=True)
class Result:
    """A model on a test split."""

    model: Trained
    split: str
    baseline_parameters: int
    greedy: Score
    with_lm: dict[str, Score]
    """By language model, the main one first."""
    before_greedy: Score | None
    """Score of the node right before, if that is no result of its own: after truncation."""
    before_lm: Score | None
    """The same with the main language model."""
    weights: Weights | None
    """Weights of the main language model, tuned on dev."""
    difference: Difference | None
    """Difference to the baseline, with the main language model; None for the baseline itself."""
    relative: RelativeDifference | None
    """The same relative to the baseline's errors."""

    @property
    def main(self) -> Score:
        """The score with the main language model; greedy where there is none."""
        return next(iter(self.with_lm.values()), self.greedy)


@dataclass(frozen=True)
class Experiment:
    """A recipe and where its artifacts lie."""

    recipe: Recipe
    layout: Layout

    @property
    def main_lm(self) -> str | None:
        """The language model that systems are compared with."""
        return next(iter(self.recipe.table_language_models), None)

    @cached_property
    def choices(self) -> dict[str, Choice]:
        """The choice among the points of each grid, by grid."""
        return {grid: read(self.layout.choice(grid), Choice) for grid in self.recipe.grids}

    @cached_property
    def models(self) -> list[Trained]:
        """Every model of the tables at the end of its training, in the order of the recipe."""
        chosen = {system for choice in self.choices.values() for system in choice.chosen}
        nodes = table_nodes(self.recipe, chosen)
        return [self._trained(node) for node in nodes if node.is_final]

    @property
    def stage1_models(self) -> list[Trained]:
        """Every model after the first training, with the points of grids that were not chosen."""
        found = {model.node: model for model in self.models if model.node.parent is None}
        for grid in self.recipe.grids:
            for node in grid_nodes(self.recipe, grid):
                found.setdefault(node, self._trained(node))
        return list(found.values())

    @cached_property
    def lm_infos(self) -> dict[str, LmInfo]:
        """Sizes of the language models in the tables."""
        names = self.recipe.table_language_models
        return {name: read(self.layout.lm(name) / "info.json", LmInfo) for name in names}

    def results(self, split: str) -> list[Result]:
        """Return every model's scores on a split, in the order of the recipe."""
        return [self._result(model, split) for model in self.models]

    def pooled(self, group: Sequence[Result]) -> Result:
        """Return a row that stands for one model's seeds: their common intervals and differences.

        All else is the first seed's. `group`: the model's results on one split.
        """
        first, tables = group[0], self.recipe.tables
        nodes = [result.model.node for result in group]
        paths = [self.counts_path(node, first.split) for node in nodes]
        ends = pooled_interval(paths, tables.bootstrap_samples, tables.confidence)
        main = first.main.model_copy(update={"wer_interval": ends})
        row = replace(first, greedy=main)
        if self.main_lm is not None:
            row = replace(first, with_lm={**first.with_lm, self.main_lm: main})
        if self._is_baseline(nodes[0]):
            return row
        # A baseline with one seed is compared with each of them.
        baselines = dict.fromkeys(baseline_node(self.recipe, node.seed) for node in nodes)
        compared = self.compared(list(baselines), nodes, first.split)
        return replace(row, difference=compared.points, relative=compared.relative)

    def compared(
        self, first: Sequence[Node], second: Sequence[Node], split: str
    ) -> PooledDifference:
        """Compare the seeds of two models on a split by the main search, second minus first."""
        before, after = (
            [self.counts_path(node, split) for node in some] for some in (first, second)
        )
        tables = self.recipe.tables
        return pooled_difference(before, after, tables.bootstrap_samples, tables.confidence)

    def counts_path(self, node: Node, split: str) -> Path:
        """Return where the errors of each utterance lie, with the main language model."""
        score = self.layout.score(node, *search_with(self.recipe, self.main_lm), split)
        return beside(score, ".utterances.csv")

    def _is_baseline(self, node: Node) -> bool:
        baseline = baseline_node(self.recipe, node.seed)
        return node.system == baseline.system and node.folder == baseline.folder

    def score(self, node: Node, lm: str | None, split: str) -> Score:
        """Return the score of a model with a language model, or greedy without one."""
        return read(self.layout.score(node, *search_with(self.recipe, lm), split), Score)

    def dev_rate(self, node: Node) -> float:
        """Return the error rate (%) on dev by which models are chosen: `rates.choosing_lm`."""
        lm = choosing_lm(self.recipe)
        score = self.score(node, lm, self.recipe.splits.dev)
        return score.cer if lm is None else score.wer

    def history(self, node: Node) -> History:
        """Return the history of a node's model."""
        return read(self.layout.am(node) / "history.json", History)

    def weights(self, node: Node) -> Weights | None:
        """Return the tuned weights of the main language model; None where there is none."""
        if self.main_lm is None:
            return None
        decoder, lm = search_with(self.recipe, self.main_lm)
        return read(self.layout.weights(node, lm, decoder), Weights)

    def difference(self, score: Path, seed: int, split: str) -> Difference:
        """Compare a score with the main language model to the baseline's of the same seed."""
        return self._to_baseline(paired_difference, score, seed, split)

    def exported(self, node: Node, precision: str) -> Exported:
        """Return what is known of a model's file for the engine."""
        return read(self.layout.exported(node, precision).with_suffix(".json"), Exported)

    def megabytes(self, model: Trained) -> float:
        """Return the 10^6 bytes of a model in its own precision.

        In fp32 they are those of its numbers, zeros included. A model whose passes are quantised
        has those of its file for the engine.
        """
        if model.node.precision == "fp32":
            return model.history.stored_numbers * BYTES_PER_PARAMETER / 1e6
        return self.exported(model.node, model.node.precision).bytes / 1e6

    def _trained(self, node: Node) -> Trained:
        return Trained(
            node,
            node.system_settings,
            self.history(node),
            self.history(node.start),
            self.layout.model(node).stat().st_size,
        )

    def _result(self, model: Trained, split: str) -> Result:
        node, names = model.node, self.recipe.table_language_models
        before, baseline = node.before, baseline_node(self.recipe, node.seed)
        return Result(
            model=model,
            split=split,
            baseline_parameters=self.history(baseline).parameters,
            greedy=self.score(node, None, split),
            with_lm={name: self.score(node, name, split) for name in names},
            before_greedy=self.score(before, None, split) if before else None,
            before_lm=self.score(before, self.main_lm, split) if before and self.main_lm else None,
            weights=self.weights(node),
            difference=self._compared(paired_difference, node, split),
            relative=self._compared(relative_difference, node, split),
        )

    def _compared(self, compare: Callable[..., D], node: Node, split: str) -> D | None:
        """Compare a model with the baseline; None for the baseline itself."""
        if self._is_baseline(node):
            return None
        search = search_with(self.recipe, self.main_lm)
        return self._to_baseline(compare, self.layout.score(node, *search, split), node.seed, split)

    def _to_baseline(self, compare: Callable[..., D], score: Path, seed: int, split: str) -> D:
        """Compare a score with the baseline's: of that seed, or of its first."""
        first = self.counts_path(baseline_node(self.recipe, seed), split)
        second, tables = beside(score, ".utterances.csv"), self.recipe.tables
        return compare(first, second, tables.bootstrap_samples, tables.confidence)


def by_seed(results: Sequence[Result]) -> list[list[Result]]:
    """Group results that differ only in the seed, in the order of their first."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        node = result.model.node
        groups.setdefault((node.system, node.folder), []).append(result)
    return list(groups.values())
