"""Verbs that make features."""

from pathlib import Path
from typing import Annotated

import typer

from schatten import recipe as recipes
from schatten.cli.options import AUDIO_DIR, CUTS, JobsOption, RecipeOption, TasksOption

app = typer.Typer()


@app.command()
def features(
    recipe: RecipeOption,
    feature: Annotated[str, typer.Option(help="mel80, mel40 or linear161")],
    split: Annotated[str, typer.Option(help="The split; the training split is speed-perturbed")],
    cuts: Annotated[Path, CUTS],
    output: Annotated[Path, typer.Option(help="Cuts with features; the archive lies beside")],
    corpus_dir: Annotated[Path | None, AUDIO_DIR] = None,
    jobs: JobsOption = 1,
    tasks: TasksOption = 1,
) -> None:
    """Compute the features of a split (a frame every 10 ms)."""
    from schatten.errors import known
    from schatten.features.store import compute, pieces_for
    from schatten.recipe.models import FEATURE_BINS

    settings = recipes.load(recipe)
    known("feature", feature, FEATURE_BINS)
    known("split", split, settings.splits.all)
    speeds = settings.speed_perturbation if split == settings.splits.train else (1.0,)
    pieces = pieces_for(cuts, speeds, jobs * tasks)
    audio = corpus_dir or cuts.parent
    count = compute(cuts, audio, feature, speeds, output, pieces=pieces, tasks=tasks)
    print(f"{output}: {count} utterances")


@app.command()
def statistics(
    cuts: Annotated[Path, typer.Option(help="Training cuts with features")],
    output: Annotated[Path, typer.Option(help="Mean and standard deviation of each bin (.json)")],
) -> None:
    """Measure mean and standard deviation of each bin of the training features."""
    from schatten.features.store import write_statistics

    write_statistics(cuts, output)


@app.command()
def settings() -> None:
    """Print every setting of a recipe, with its default and meaning, as Markdown."""
    from schatten.recipe.describe import settings_page

    print(settings_page(), end="")


@app.command()
def schema(
    output: Annotated[
        Path | None, typer.Option(help="A file (.json) instead of the screen.")
    ] = None,
) -> None:
    """Print the JSON schema of recipes, with which editors complete and check a YAML."""
    import json

    from schatten.recipe.json_schema import json_schema
    from schatten.runtime.files import write_text

    text = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        print(text, end="")
    else:
        write_text(output, text)
