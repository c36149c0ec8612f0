"""Results of cross-validation: word error rates by fold, and of all folds together."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten import recipe as recipes
from schatten.artifacts import Score
from schatten.errors import UserError
from schatten.recipe.chain import WHOLE, Node
from schatten.recipe.folds import HELD_OUT
from schatten.recipe.layout import Layout, decodings, search_with, table_nodes
from schatten.report.columns import bracket
from schatten.score.pooled import difference_over_folds
from schatten.score.run import beside


@dataclass(frozen=True)
class Row:
    """A model with a way to decode, over all folds."""

    name: str
    scores: tuple[Score, ...]
    files: tuple[tuple[Path, ...], ...] = ()
    """Errors of each utterance: fold by fold, a file for each seed."""

    @property
    def pooled(self) -> float:
        """Errors of all folds in percent of their words."""
        words = sum(one.words for one in self.scores)
        errors = sum(one.substitutions + one.deletions + one.insertions for one in self.scores)
        return 100 * errors / max(1, words)

    @property
    def deviation(self) -> float:
        """Standard deviation over the folds, in points of WER."""
        return statistics.stdev(one.wer for one in self.scores)

    def line(self) -> str:
        """Return the row as it is printed."""
        folds = " ".join(f"{one.wer:6.2f}" for one in self.scores)
        return f"{self.name:40} {folds}  {self.pooled:6.2f} {self.deviation:6.2f}"


def lines_of(name: str, results: Path) -> Iterator[str]:
    """Yield the table of a recipe's folds, a line for each model and search.

    Errors: `UserError` for a recipe without folds, and for results that are missing.
    """
    recipe = recipes.load(name)
    if recipe.folds is None:
        raise UserError(f"{name} has no folds: write for instance `folds: {{count: 5}}` into it")
    numbers = range(1, recipe.folds.count + 1)
    heads = " ".join(f"fold {number}" for number in numbers)
    yield f"{'WER (%) on speakers that were held out':40} {heads}     all     sd"
    found: dict[str, list[Score]] = {}
    for number in numbers:
        for title, score in _scores(name, number, results):
            found.setdefault(title, []).append(score)
    for title, scores in found.items():
        yield Row(title, tuple(scores)).line()


def levers(names: Sequence[str], base: str, results: Path) -> Iterator[str]:
    """Yield a line for each model of some recipes with the same folds, best first.

    Each is compared with the system `base` of the first recipe, whole, on the speakers of all
    folds, with the main language model. Below zero, the difference says that the model is better.

    Errors: `UserError` for recipes without folds or with other folds, for an unknown `base`, and
    for results that are missing.
    """
    first, *others = [recipes.load(name) for name in names]
    for name, other in zip(names[1:], others, strict=True):
        if other.folds != first.folds:
            raise UserError(
                f"{name} has other folds than {names[0]}: compare recipes of equal folds"
            )
    rows = [row for name in names for row in _rows_with_lm(name, results)]
    found = [row for row in rows if row.name == f"{base}, {WHOLE}"]
    if not found:
        there = ", ".join(row.name for row in rows)
        raise UserError(f"{base!r} is no whole model of these recipes (they have {there})")
    tables = first.tables
    yield f"{'WER (%) on speakers that were held out':40}    all     sd   against {base}"
    for row in sorted(rows, key=lambda one: one.pooled):
        yield _lever(row, found[0], tables.bootstrap_samples, tables.confidence)


def _lever(row: Row, base: Row, samples: int, confidence: float) -> str:
    """Return the line of a row that is compared with the base."""
    start = f"{row.name:40} {row.pooled:6.2f} {row.deviation:6.2f}"
    if row is base:
        return f"{start}   base"
    folds = list(zip(base.files, row.files, strict=True))
    points = difference_over_folds(folds, samples, confidence).points
    ends = bracket(points.low, points.high, signed=True)
    drawn = "utterances" if points.by_speaker is None else "speakers"
    return f"{start}   {points.points:+.2f} {ends} by {drawn}, p {points.p:.3f}"


def _rows_with_lm(name: str, results: Path) -> list[Row]:
    """Return the rows of a recipe's folds with its main language model; greedy without one."""
    recipe = recipes.load(name)
    if recipe.folds is None:
        raise UserError(f"{name} has no folds: write for instance `folds: {{count: 5}}` into it")
    search = search_with(recipe, next(iter(recipe.table_language_models), None))
    found: dict[str, list[list[Path]]] = {}
    for number in range(1, recipe.folds.count + 1):
        fold: dict[str, list[Path]] = {}
        for node, decoding, path in _paths(name, number, results):
            if decoding == search:
                fold.setdefault(f"{node.system}, {node.label}", []).append(path)
        for title, paths in fold.items():
            found.setdefault(title, []).append(paths)
    return [
        Row(
            title,
            tuple(Score.read(path) for paths in folds for path in paths),
            tuple(tuple(beside(path, ".utterances.csv") for path in paths) for paths in folds),
        )
        for title, folds in found.items()
    ]


def _scores(name: str, number: int, results: Path) -> Iterator[tuple[str, Score]]:
    for node, (decoder, lm), path in _paths(name, number, results):
        yield f"{node.system}, {node.label}, {decoder} {lm}", Score.read(path)


def _paths(name: str, number: int, results: Path) -> Iterator[tuple[Node, tuple[str, str], Path]]:
    """Yield each model of a fold, how it was decoded, and its score on the held-out speakers."""
    fold = f"{name.removesuffix('.yaml')}.fold{number}{'.yaml' * name.endswith('.yaml')}"
    recipe, path = recipes.load(fold), recipes.path_of(fold)
    layout = Layout(path.absolute().parent.name, path.stem, "", results)
    for node in table_nodes(recipe):
        for decoder, lm in decodings(recipe, node):
            score = layout.score(node, decoder, lm, HELD_OUT)
            if not score.is_file():
                command = f"snakemake -j8 wer_tables --config recipe={fold}"
                raise UserError(
                    f"{score} does not exist: run `{command}` with the corpus's folder first"
                )
            yield node, (decoder, lm), score
