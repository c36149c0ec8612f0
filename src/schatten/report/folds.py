"""Results of cross-validation: word error rates by fold, and of all folds together."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schatten import recipe as recipes
from schatten.artifacts import Score
from schatten.errors import UserError
from schatten.recipe.folds import HELD_OUT
from schatten.recipe.layout import Layout, decodings, table_nodes


@dataclass(frozen=True)
class Row:
    """A model with a way to decode, over all folds."""

    name: str
    scores: tuple[Score, ...]

    @property
    def pooled(self) -> float:
        """Errors of all folds in percent of their words."""
        words = sum(one.words for one in self.scores)
        errors = sum(one.substitutions + one.deletions + one.insertions for one in self.scores)
        return 100 * errors / max(1, words)

    def line(self) -> str:
        """Return the row as it is printed."""
        rates = [one.wer for one in self.scores]
        folds = " ".join(f"{rate:6.2f}" for rate in rates)
        return f"{self.name:40} {folds}  {self.pooled:6.2f} {statistics.stdev(rates):6.2f}"


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


def _scores(name: str, number: int, results: Path) -> Iterator[tuple[str, Score]]:
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
            yield f"{node.system}, {node.label}, {decoder} {lm}", Score.read(score)
