"""The recipe's `folds`: cross-validation by speaker, for corpora with a small dev split.

The speakers are divided into parts. Fold K is an experiment of its own,
`CORPUS/EXPERIMENT.foldK`. Its test split is part K, its dev split is the next part, and the rest is
for training. The recipe's own test splits are not read.
"""

import re
from pathlib import Path
from typing import Any

from pydantic import Field

from schatten.errors import UserError
from schatten.recipe.base import Name, Settings

HELD_OUT = "held_out"
"""Name of the test split of a fold."""
_FOLD = re.compile(r"(.+)\.fold(\d+)")
SOURCES = ("tsv", "kaldi")
"""Sources of corpora whose speakers can be divided into folds."""


class Folds(Settings):
    """Cross-validation: parts of the speakers; each part is the test split of one experiment."""

    count: int = Field(ge=3, le=100)
    """Number of folds. Fold K is run with recipe=CORPUS/EXPERIMENT.foldK."""
    of: tuple[Name, ...] = Field(default=("train", "dev"), min_length=1)
    """Splits whose speakers are divided. Other splits are not read."""


def fold_of(path: Path) -> tuple[Path, int] | None:
    """Return the recipe and the number of a fold for the path `EXPERIMENT.foldK.yaml`.

    Return None if the path exists, or has another form.
    """
    match = _FOLD.fullmatch(path.stem)
    if match is None or path.is_file():
        return None
    return path.with_name(f"{match[1]}{path.suffix}"), int(match[2])


def with_fold(data: dict[str, Any], number: int, path: Path) -> dict[str, Any]:
    """Return the raw data of a recipe with the splits of a fold.

    Errors: `UserError` for a recipe without folds, with fewer folds, or of another source.
    """
    folds, corpus = data.get("folds"), data.get("corpus")
    if not isinstance(folds, dict) or not isinstance(corpus, dict):
        raise UserError(f"{path} has no folds: write for instance `folds: {{count: 5}}` into it")
    if corpus.get("source") not in SOURCES:
        raise UserError(f"{path}: folds are of a corpus of source {' or '.join(SOURCES)}")
    count = folds.get("count")
    if isinstance(count, int) and not 1 <= number <= count:
        raise UserError(f"{path} has the folds 1 to {count}, and no fold {number}")
    splits = dict(data.get("splits") or {})
    splits.pop("more", None)
    return {**data, "splits": {**splits, "test": [HELD_OUT]}}
