"""Options that several verbs share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

RecipeOption = Annotated[
    str, typer.Option("--recipe", help="The experiment, CORPUS/EXPERIMENT or the YAML's path.")
]

ExperimentOption = Annotated[
    str | None,
    typer.Option("--recipe", help="CORPUS/EXPERIMENT; voicesearch_like/quick by default."),
]
CorpusDirOption = Annotated[
    Path | None,
    typer.Option("--corpus-dir", help="Folder of the corpus, where the recipe reads one."),
]
SystemOption = Annotated[
    str | None,
    typer.Option("--system", help="The best model of this system alone; default: of all."),
]
ResultsOption = Annotated[Path, typer.Option("--results", help="Folder of all artifacts.")]

# Named like the argument: `cuts: Annotated[Path, CUTS]`; `Path | None` where it may be left out.
CUTS = typer.Option(help="Cuts of the split (.cuts.jsonl.gz).")
AUDIO_DIR = typer.Option(help="Folder that audio paths are relative to; the cuts' own by default.")
LEXICON = typer.Option(help="Lexicon: WORD TAB UNITS a line.")
WEIGHTS = typer.Option(help="Weights that `tune` wrote.")
UnitsOption = Annotated[
    Path | None,
    typer.Option("--units", help="The model's units (inventory.json); characters need none."),
]
SEARCH_PROGRAM = typer.Option(
    "--program",
    help="The engine's search over a lexicon; default: .tools/engine/bin/decode_logprobs.",
)

JobsOption = Annotated[
    int, typer.Option("--jobs", min=1, help="Processes or threads; results do not depend on it.")
]
TasksOption = Annotated[
    int,
    typer.Option(
        "--tasks", min=1, help="Tasks of a Slurm job, each with --jobs processes, on all its nodes."
    ),
]


def one_each(option: str, values: Sequence[Path | None], outputs: Sequence[Path]) -> None:
    """Refuse an option that is not given once for each `--output`."""
    if len(values) != len(outputs):
        raise typer.BadParameter(
            f"{len(values)} times {option}, but {len(outputs)} times --output: give each of them "
            "once for each split, in the same order"
        )
