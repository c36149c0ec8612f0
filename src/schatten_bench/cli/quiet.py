"""The verb that measures what is written where nobody speaks: device quiet."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.gate import LossOption
from schatten.cli.options import (
    CorpusDirOption,
    ExperimentOption,
    JobsOption,
    ResultsOption,
)
from schatten.recipe.layout import ENGINE

if TYPE_CHECKING:
    from schatten.report.collect import Experiment

app = typer.Typer()  # of `schatten device`


NoiseOption = Annotated[
    Path, typer.Option(help="Folder with manifest.tsv (path, type: noise or rir).")
]
LevelOption = Annotated[
    float | None,
    typer.Option(min=0, max=60, help="The gate's threshold of loudness; the bundle's, or else 8."),
]
EvidenceOption = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="That of the evidence; by default the bundle's, or else chosen on dev."
    ),
]
BundleOption = Annotated[
    Path | None, typer.Option(help="A bundle; that of the best model on dev by default.")
]
HoursOption = Annotated[float, typer.Option(min=0.01, help="Hours of noise, and of babble.")]
UtterancesOption = Annotated[
    int | None, typer.Option(min=1, help="Utterances of dev and of test; default: all.")
]


@app.command("quiet")
def quiet(
    *,
    noise: NoiseOption,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = Path("results"),
    bundle: BundleOption = None,
    decibels: LevelOption = None,
    evidence: EvidenceOption = None,
    loss: LossOption = 0.1,
    hours: HoursOption = 2.2,
    utterances: UtterancesOption = None,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
    jobs: JobsOption = 1,
) -> None:
    """Print words an hour of noise and babble, and the WER, with and without the engine's gate.

    The table goes to the experiment's tables too (quiet.md, quiet.json). The experiment has run.
    Errors: `UserError` for a folder without noises, and for an experiment without a bundle.
    """
    from schatten.bundles import read_manifest
    from schatten.cli.experiment import experiment_of
    from schatten.device.devices import bundle_payload
    from schatten.device.gate import gate_with, read_split
    from schatten.device.listening import Listener
    from schatten.errors import UserError
    from schatten_bench import quiet as bench

    if not (noise / "manifest.tsv").is_file():
        raise UserError(f"{noise} has no manifest.tsv: name a folder of noises with --noise")
    experiment, _ = experiment_of(recipe, corpus_dir, results)
    loaded, layout = experiment.recipe, experiment.layout
    dev, test = (
        read_split(layout.cuts(one), corpus_dir or layout.cuts(one).parent, utterances)
        for one in (loaded.splits.dev, loaded.splits.test[0])
    )
    with _bundle(experiment, bundle) as folder:
        listener = Listener(program, bundle_payload(folder), jobs)
        own = read_manifest(folder).gate
        if own is None or decibels is not None or evidence is not None:
            own = gate_with(listener, dev, loss, decibels, evidence)
        found = bench.measure(listener, own, test, noise, hours)
    bench.write(found, layout.tables / "quiet")
    typer.echo(bench.as_table(found), nl=False)


@contextmanager
def _bundle(experiment: "Experiment", given: Path | None) -> Iterator[Path]:
    """Return the folder of a bundle: the one given, or that of the best model.

    It is made for as long as the context lasts where the workflow made none.
    """
    from schatten.cli.experiment import pick
    from schatten.errors import UserError
    from schatten.export.bundle import bundle_of_node
    from schatten.recipe.layout import bundle_lm

    if given is not None:
        yield given
        return
    loaded = experiment.recipe
    lm = bundle_lm(loaded)
    if lm is None:
        raise UserError(f"{loaded.title}: no language model of words; add one to the recipe")
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        yield bundle_of_node(loaded, experiment.layout, pick(experiment, None), lm, Path(folder))
