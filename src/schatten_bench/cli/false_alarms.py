"""The verb that measures rejection of commands: device false-alarms."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import ExperimentOption, JobsOption, ResultsOption
from schatten.recipe.layout import ENGINE
from schatten_bench.cli.quiet import HoursOption, NoiseOption

app = typer.Typer()  # of `schatten device`


@app.command("false-alarms")
def false_alarms(
    *,
    recipe: ExperimentOption,
    corpus_dir: Annotated[Path, typer.Option(help="Folder of the recordings of commands.")],
    noise: NoiseOption,
    speech: Annotated[Path, typer.Option(help="Table of other speech (.tsv with `path`).")],
    bundle: Annotated[Path, typer.Option(help="A bundle's folder, made by the recipe.")],
    results: ResultsOption = Path("results"),
    lost: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of dev's commands that may be lost.")
    ] = 0.02,
    hours: HoursOption = 5.2,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
    jobs: JobsOption = 1,
) -> None:
    """Print what rejection costs, and false alarms an hour in noise and in other speech.

    The rule is chosen on the recipe's dev split. The tables go to the experiment's tables too
    (false_alarms.md, false_alarms.json). The experiment has run. Errors: `UserError` for folders
    without noise or recordings, and for a recipe without `commands`.
    """
    from schatten.cli.experiment import experiment_of
    from schatten.decode.sound import read_sounds
    from schatten.device.accept_split import recordings_of
    from schatten.device.commands import read_commands
    from schatten_bench import false_alarms as bench
    from schatten_bench.unspoken import first, noises

    experiment, _ = experiment_of(recipe, corpus_dir, results)
    loaded, layout = experiment.recipe, experiment.layout
    commands = list(read_commands(corpus_dir, recordings_of(loaded)))
    sounds = first(noises(noise, rooms=bench.ROOMS), hours)
    others = {"noise": list(sounds), "other speech": bench.speech_of(speech)}
    cuts = layout.cuts(loaded.splits.dev)
    listener = bench.listener_of(program, bundle, jobs)
    rule = bench.choose(listener, read_sounds(cuts, cuts.parent), lost)
    found = bench.measure(listener, rule, commands, others)
    bench.write(found, layout.tables / "false_alarms")
    typer.echo(bench.as_table(found), nl=False)
