"""The verb that measures words at run time: device words."""

import tempfile
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
    from schatten.recipe.chain import Node
    from schatten.report.collect import Experiment
    from schatten.units.pronounce import Speller

app = typer.Typer()  # of `schatten device`


@app.command("words")
def words(
    *,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = Path("results"),
    system: SystemOption = None,
    split: Annotated[
        str | None, typer.Option(help="The split without contacts; default: the first of test.")
    ] = None,
    boost: Annotated[
        list[float], typer.Option(help="Boosts to try, natural log, above 0.", min=0.01, max=50)
    ] = [1, 2, 3, 5],  # noqa: B006
    contacts: Annotated[int, typer.Option(min=1, help="Contacts, each said once.")] = 100,
    utterances: Annotated[
        int, typer.Option(min=1, help="Utterances of the split, spread over it.")
    ] = 300,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
    jobs: JobsOption = 1,
) -> None:
    """Say contacts that no text held, and print how many are recognised, with and without words.

    Prints too how many utterances without one get one by mistake, and their WER. The experiment has
    run, and its corpus is voicesearch_like. Choose a boost with `--split dev`.
    """
    from schatten.cli.experiment import experiment_of, pick
    from schatten.device import devices
    from schatten.errors import UserError, known
    from schatten.export.bundle import bundle_of_node
    from schatten.recipe.layout import bundle_lm
    from schatten_bench.own_words import Given, as_lines, measure

    experiment, _ = experiment_of(recipe, corpus_dir, results)
    loaded, layout = experiment.recipe, experiment.layout
    lm, chosen = bundle_lm(loaded), split or loaded.splits.test[0]
    if lm is None:
        raise UserError(f"{loaded.title}: no language model of words; add one to the recipe")
    known("split", chosen, loaded.splits.all)
    node = pick(experiment, system)
    typer.echo(f"{node.path}, {lm}, {chosen}", err=True)
    cuts = layout.cuts(chosen)
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        payload = devices.bundle_payload(bundle_of_node(loaded, layout, node, lm, Path(folder)))
        host = devices.all_devices()["host"]
        audio = corpus_dir or cuts.parent
        given = Given(host, program, payload, _speller(experiment, node), cuts, audio, utterances)
        typer.echo("\n".join(as_lines(measure(loaded, given, contacts, boost, jobs, chosen))))


def _speller(experiment: "Experiment", node: "Node") -> "Speller":
    """Return what spells words in the units of a model."""
    from schatten.artifacts import Inventory
    from schatten.recipe.systems import CHARACTERS
    from schatten.units.pronounce import Speller

    if node.units == CHARACTERS:
        return Speller.of_alphabet(experiment.recipe.text.alphabet)
    return Speller.of_inventory(Inventory.read(experiment.layout.units(node.units)))
