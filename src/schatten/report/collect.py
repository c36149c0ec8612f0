"""The artifacts of an experiment, joined to typed rows: what was trained, how large, how good.

A result is one model at the end of its training (a system, a seed, a rank) on one test split.
Nothing is rounded or worded here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from schatten.artifacts import Choice, History, LmInfo, Score, Weights, read
from schatten.recipe import Recipe
from schatten.recipe.layout import WHOLE, Layout, Row, grid_rows, rows, search_with
from schatten.recipe.model import System
from schatten.score.paired import (
    Difference,
    RelativeDifference,
    paired_difference,
    relative_difference,
)
from schatten.score.run import beside

D = TypeVar("D", Difference, RelativeDifference)


@dataclass(frozen=True)
class Trained:
    """A model at the end of its training."""

    row: Row
    system: System
    history: History
    """Of the last stage."""
    stage1: History
    """Of the stage 1 that it comes from; its own where it is not compressed."""
    model_bytes: int
    """Size of `model.pt`."""

    @property
    def stage1_epochs(self) -> int:
        """Epochs of stage 1 that it went through: fewer than all after an early transition."""
        if self.is_compressed:
            return int(self.row.rank.rpartition("@e")[2])
        return len(self.stage1.epochs)

    @property
    def is_compressed(self) -> bool:
        """Whether it went through truncation and stage 2."""
        return self.row.rank != WHOLE


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
    """Right after truncation, before stage 2."""
    before_lm: Score | None
    """The same with the main language model."""
    weights: Weights | None
    """Of the main language model, tuned on dev."""
    difference: Difference | None
    """To the baseline, with the main language model; none for the baseline itself."""
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
        """What became of the points of each grid, by grid."""
        return {grid: read(self.layout.choice(grid), Choice) for grid in self.recipe.grids}

    @cached_property
    def models(self) -> list[Trained]:
        """Every model of the tables at the end of its training, in the order of the recipe."""
        chosen = {system for choice in self.choices.values() for system in choice.chosen}
        return [self._trained(row) for row in rows(self.recipe, chosen) if row.is_final]

    @property
    def stage1_models(self) -> list[Trained]:
        """Every model after stage 1: those of the tables, and the points that did not go on."""
        found = {model.row: model for model in self.models if not model.is_compressed}
        for grid in self.recipe.grids:
            for row in grid_rows(self.recipe, grid):
                found.setdefault(row, self._trained(row))
        return list(found.values())

    @cached_property
    def lm_infos(self) -> dict[str, LmInfo]:
        """Sizes of the language models in the tables."""
        names = self.recipe.table_language_models
        return {name: read(self.layout.lm(name) / "info.json", LmInfo) for name in names}

    def results(self, split: str) -> list[Result]:
        """Return every model's scores on a split, in the order of the recipe."""
        return [self._result(model, split) for model in self.models]

    def baseline_of(self, row: Row) -> Row:
        """Return the baseline of a row: of the same seed where there is one, or of the first."""
        name = self.recipe.tables.baseline
        seeds = self.recipe.systems[name].seeds
        return Row(name, row.seed if row.seed in seeds else seeds[0], WHOLE, "stage1")

    def score(self, row: Row, lm: str | None, split: str) -> Score:
        """Return the score of a row with a language model, or greedy without one."""
        return read(self.layout.score(row, *search_with(self.recipe, lm), split), Score)

    def _trained(self, row: Row) -> Trained:
        stage1 = Row(row.system, row.seed, WHOLE, "stage1")
        return Trained(
            row,
            self.recipe.systems[row.system],
            self._history(row),
            self._history(stage1),
            (self.layout.am(row) / "model.pt").stat().st_size,
        )

    def _history(self, row: Row) -> History:
        return read(self.layout.am(row) / "history.json", History)

    def _result(self, model: Trained, split: str) -> Result:
        row, names = model.row, self.recipe.table_language_models
        before = Row(row.system, row.seed, row.rank, "factored") if model.is_compressed else None
        return Result(
            model=model,
            split=split,
            baseline_parameters=self._history(self.baseline_of(row)).parameters,
            greedy=self.score(row, None, split),
            with_lm={name: self.score(row, name, split) for name in names},
            before_greedy=self.score(before, None, split) if before else None,
            before_lm=self.score(before, self.main_lm, split) if before and self.main_lm else None,
            weights=self._weights(row),
            difference=self._compared(paired_difference, row, split),
            relative=self._compared(relative_difference, row, split),
        )

    def _weights(self, row: Row) -> Weights | None:
        if self.main_lm is None:
            return None
        decoder, lm = search_with(self.recipe, self.main_lm)
        return read(self.layout.weights(row, lm, decoder), Weights)

    def _compared(self, compare: Callable[..., D], row: Row, split: str) -> D | None:
        """Compare a row with the baseline; none for the baseline itself."""
        baseline = self.baseline_of(row)
        if row.system == baseline.system and row.rank == WHOLE:
            return None
        search = search_with(self.recipe, self.main_lm)
        first, second = (
            beside(self.layout.score(each, *search, split), ".utterances.csv")
            for each in (baseline, row)
        )
        tables = self.recipe.tables
        return compare(first, second, tables.bootstrap_samples, tables.confidence)


def by_seed(results: Sequence[Result]) -> list[list[Result]]:
    """Group results that differ in the seed alone, in the order of their first."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        row = result.model.row
        groups.setdefault((row.system, row.rank), []).append(result)
    return list(groups.values())
