"""Verbs that bring the best model to somebody: try it here, pack it for a device."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import (
    CorpusDirOption,
    ExperimentOption,
    JobsOption,
    ResultsOption,
    SystemOption,
)
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
        str | None, typer.Option(help="ALSA's or the recorder's name of one (`arecord -L`).")
    ] = None,
    silence: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds after the last word that end an utterance."),
    ] = 0.8,
    words: Annotated[
        Path | None,
        typer.Option(help="Words of your own, a file that `schatten pronounce` writes."),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Write nothing in silence and noise.")
    ] = False,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
) -> None:
    """Talk to an experiment's best model on dev, or give it files; prints words and the speed.

    With the bundle of the model in int8 and the main language model, or without one by best paths.
    """
    from schatten.device import live

    extras = live.Extras(words, gate)
    with _recognizer(bundle, (recipe, corpus_dir, results), program) as recognizer:
        if files:
            went_well = live.recognise_files(recognizer, files, extras)
        else:
            typer.echo("Say something; Ctrl-C ends.", err=True)
            went_well = live.listen(recognizer, microphone, silence, extras)
    if not went_well:
        raise typer.Exit(1)


@app.command("evaluate")
def evaluate(
    bundle: Annotated[
        Path, typer.Argument(help="A folder that `schatten pack` or `schatten bundle` wrote.")
    ],
    folder: Annotated[Path, typer.Argument(help="Folder with the table of recordings.")],
    *,
    table: Annotated[
        str,
        typer.Option(
            help="The table in it, tab-separated: columns path and text; id and speaker if known."
        ),
    ] = "transcripts.tsv",
    output: Annotated[
        Path, typer.Option(help="Folder for the words, the errors file and the score.")
    ] = Path("evaluation"),
    jobs: JobsOption = 1,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
) -> None:
    """Measure a bundle on your own recordings: WER with its interval, errors file, speed."""
    from schatten.device import live
    from schatten.device.evaluate import evaluate as run

    found = run(live.of_bundle(bundle, program), bundle, folder / table, output, jobs)
    for note in found.notes:
        typer.echo(note, err=True)
    typer.echo("\n".join(found.lines(output)))


@app.command("pack")
def pack(
    *,
    output: Annotated[
        Path, typer.Option(help="Folder to write; an archive comes beside it (.tar.gz).")
    ],
    target: Annotated[
        list[str],
        typer.Option(help="x86_64, aarch64 or armv7; may be repeated; builds what is missing."),
    ],
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = Path("results"),
    system: SystemOption = None,
) -> None:
    """Pack the best model on dev for devices: model, language model, programs, scripts, card."""
    from schatten.cli.experiment import experiment_of, pick
    from schatten.device.programs import build_program, licences, speed_here
    from schatten.errors import UserError, known
    from schatten.export import package
    from schatten.export.bundle import bundle_of_node
    from schatten.recipe.layout import bundle_lm
    from schatten.report.card import model_card

    for one in target:
        known("target", one, package.TARGETS)
    experiment, _ = experiment_of(recipe, corpus_dir, results)
    layout, node = experiment.layout, pick(experiment, system)
    lm = bundle_lm(experiment.recipe)
    if lm is None:
        raise UserError(
            f"{experiment.recipe.title}: no language model of words to pack; add one to the recipe"
        )
    programs = {one: build_program(one) for one in dict.fromkeys(target)}
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        bundle = bundle_of_node(experiment.recipe, layout, node, lm, Path(folder))
        cuts = layout.cuts(experiment.recipe.splits.test[0])
        audio = corpus_dir or cuts.parent
        speed, cpu = speed_here(programs, bundle, cuts, audio)
        card = model_card(experiment, node, lm, bundle, speed, cpu)
        title = f"{experiment.recipe.title}: {node.system}"
        typer.echo(package.pack(bundle, programs, card, title, licences(), output))


@contextmanager
def _recognizer(bundle: Path | None, wanted: Wanted, program: Path) -> Iterator["Recognizer"]:
    """Give the recogniser of a bundle, or of an experiment's best model."""
    from schatten.device import live

    if bundle is not None:
        yield live.of_bundle(bundle, program)
        return
    from schatten.cli.experiment import experiment_of, pick
    from schatten.export.bundle import bundle_of_node, export_of_node
    from schatten.recipe.layout import bundle_lm

    experiment, _ = experiment_of(*wanted)
    recipe, layout, node = experiment.recipe, experiment.layout, pick(experiment, None)
    lm = bundle_lm(recipe)
    typer.echo(f"{node.path}, {'without a language model' if lm is None else lm}", err=True)
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        if lm is None:
            yield live.of_model(export_of_node(layout, node, Path(folder)), program)
        else:
            made = bundle_of_node(recipe, layout, node, lm, Path(folder))
            yield live.of_bundle(made, program)
