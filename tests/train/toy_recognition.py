"""Hypotheses of a small training in shards of 15; as a script, killed at an utterance."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import chains
from small_data import write_data

from schatten import recipe
from schatten.recipe.steps import Recognition
from schatten.train import recognition
from schatten.units.spelled import SpelledUnits

recognition.SHARD = 15
"""Two and a half shards of the 40 utterances."""
SHARDS = (0, 15, 30)
"""Their first utterances."""
HOW = Recognition(hypotheses=4, beam=8, lattice_beam=4)


def trained(folder: Path) -> None:
    """Write features and a model that has learned a little: `model.pt`."""
    cuts, statistics, path = write_data(folder)
    chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, folder / "model.pt")


def recognise(folder: Path, output: Path, **options: Any) -> recognition.Found:
    """Write the hypotheses of the training split in `folder`."""
    return recognition.recognise(
        folder / "model.pt",
        folder / "train.cuts.jsonl.gz",
        SpelledUnits.of_characters("ab"),
        HOW,
        (1, 1),
        output,
        **options,
    )


def main(folder: Path, output: Path, last: int) -> None:
    """Recognise, and end by SIGKILL when utterance `last`, from 0, has its lattice."""
    lattice_of, count = recognition._lattice, 0

    def killed(*arguments: Any) -> Any:
        nonlocal count
        found = lattice_of(*arguments)
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        return found

    recognition._lattice = killed
    recognise(folder, output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
