"""The verb that runs the best bundle here: try."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import CorpusDirOption, ExperimentOption, ResultsOption
from schatten.recipe.layout import ENGINE

if TYPE_CHECKING:
    from schatten.device.live import Recognizer

app = typer.Typer()
Wanted = tuple[str | None, Path | None, Path]
"""An experiment: recipe, folder of the corpus, folder of results."""


@app.command("try")
def try_(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of sound, in any form; none: the microphone, until Ctrl-C."),
    ] = None,
    *,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = Path("results"),
    bundle: Annotated[
        Path | None,
        typer.Option(help="A folder that `schatten bundle` wrote, in place of an experiment's."),
    ] = None,
    microphone: Annotated[
        str | None, typer.Option(help="The recorder's name of a microphone (`arecord -L`).")
    ] = None,
    silence: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds after the last word that end an utterance."),
    ] = 0.8,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
) -> None:
    """Talk to an experiment's best model on dev, or give it files; prints words and the speed.

    With the bundle of the model in int8 and the main language model, or without one by best paths.
    """
    from schatten.device import live

    with _recognizer(bundle, (recipe, corpus_dir, results), program) as recognizer:
        if files:
            went_well = live.recognise_files(recognizer, files)
        else:
            typer.echo("Say something; Ctrl-C ends.", err=True)
            went_well = live.listen(recognizer, microphone, silence)
    if not went_well:
        raise typer.Exit(1)


@contextmanager
def _recognizer(bundle: Path | None, wanted: Wanted, program: Path) -> Iterator["Recognizer"]:
    """Give the recogniser of a bundle, or of an experiment's best model."""
    from schatten.device import live

    if bundle is not None:
        yield live.of_bundle(bundle, program)
        return
    from schatten.cli.experiment import experiment_of
    from schatten.export.bundle import bundle_of_node, export_of_node
    from schatten.recipe.layout import bundle_lm
    from schatten.report.next_steps import best_first

    experiment, _ = experiment_of(*wanted)
    recipe, layout, node = experiment.recipe, experiment.layout, best_first(experiment)[0].node
    lm = bundle_lm(recipe)
    typer.echo(f"{node.path}, {'without a language model' if lm is None else lm}", err=True)
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        if lm is None:
            yield live.of_model(export_of_node(layout, node, Path(folder)), program)
        else:
            made = bundle_of_node(recipe, layout, node, lm, Path(folder))
            yield live.of_bundle(made, program)
