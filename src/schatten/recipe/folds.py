"""The recipe's `folds`: cross-validation by speaker, for corpora with a small dev.

Fold K of a recipe is an experiment of its own, `CORPUS/EXPERIMENT.foldK`: its test split is part K
of the speakers, its dev split the next part, and the others train. The recipe's own test splits are
not read.
"""

import re
from pathlib import Path
from typing import Any

from pydantic import Field

from schatten.errors import UserError
from schatten.recipe.base import Name, Settings

HELD_OUT = "held_out"
"""The test split of a fold."""
_FOLD = re.compile(r"(.+)\.fold(\d+)")
SOURCES = ("tsv", "kaldi")
"""Sources whose speakers can be dealt."""


class Folds(Settings):
    """Parts of the speakers, each of which is the test of one experiment."""

    count: int = Field(ge=3, le=100)
    """Folds. Fold K is run as recipe=CORPUS/EXPERIMENT.foldK."""
    of: tuple[Name, ...] = Field(default=("train", "dev"), min_length=1)
    """Splits whose speakers are dealt; others are not read."""


def fold_of(path: Path) -> tuple[Path, int] | None:
    """Return the recipe and the number of a fold, by the path `EXPERIMENT.foldK.yaml`.

    None for a path that exists, and for another name.
    """
    match = _FOLD.fullmatch(path.stem)
    if match is None or path.is_file():
        return None
    return path.with_name(f"{match[1]}{path.suffix}"), int(match[2])


def with_fold(data: dict[str, Any], number: int, path: Path) -> dict[str, Any]:
    """Return a recipe's data with the splits of a fold.

    Errors: `UserError` for a recipe without folds, or with fewer, or of another source.
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
