"""The verb that chooses a bundle's thresholds of silence and noise: choose-gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import CorpusDirOption, ExperimentOption, JobsOption, ResultsOption
from schatten.recipe.layout import ENGINE

if TYPE_CHECKING:
    from schatten.report.collect import Experiment

app = typer.Typer()

DecibelsOption = Annotated[
    float, typer.Option(min=0, max=60, help="The gate's threshold of loudness.")
]
LossOption = Annotated[
    float, typer.Option(min=0, help="Points of WER on dev that the choice may cost.")
]


@app.command("choose-gate")
def choose_gate(
    *,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = Path("results"),
    bundle: Annotated[
        Path | None,
        typer.Option(help="A folder that `schatten bundle` wrote; by default the best model's."),
    ] = None,
    decibels: DecibelsOption = 8.0,
    loss: LossOption = 0.1,
    utterances: Annotated[
        int | None, typer.Option(min=1, help="Utterances of dev; default: all.")
    ] = None,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
    jobs: JobsOption = 1,
) -> None:
    """Choose the thresholds of a bundle's gate on dev, and write them into the bundle.

    The evidence is the highest that costs at most --loss points of WER there. `--gate` of the
    engine then takes them. Errors: `UserError` for an experiment without that bundle.
    """
    from schatten.bundles import read_manifest
    from schatten.cli.experiment import experiment_of
    from schatten.device import gate
    from schatten.device.devices import bundle_payload
    from schatten.device.listening import Listener

    experiment, _ = experiment_of(recipe, corpus_dir, results)
    folder = bundle or _bundle(experiment)
    read_manifest(folder)
    cuts = experiment.layout.cuts(experiment.recipe.splits.dev)
    dev = gate.read_split(cuts, corpus_dir or cuts.parent, utterances)
    listener = Listener(program, bundle_payload(folder), jobs)
    chosen = gate.choose(listener, dev, decibels, loss)
    gate.keep(folder, chosen)
    typer.echo(
        f"{folder}: gate {chosen.decibels:g} dB above the background, evidence "
        f"{chosen.evidence:g}, chosen on {len(dev)} utterances of {experiment.recipe.splits.dev}"
    )


def _bundle(experiment: "Experiment") -> Path:
    """Return the folder of the bundle of the model that is best on dev."""
    from schatten.cli.experiment import pick
    from schatten.errors import UserError
    from schatten.recipe.layout import bundle_lm

    lm = bundle_lm(experiment.recipe)
    if lm is None:
        raise UserError(
            f"{experiment.recipe.title}: no language model of words, and so no bundle; add one to "
            "the recipe"
        )
    return experiment.layout.bundle(pick(experiment, None), lm)
