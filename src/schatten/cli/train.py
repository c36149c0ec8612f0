"""Verbs that train: stage 1, truncation, stage 2, and the log-probabilities of a split."""

from pathlib import Path
from typing import Annotated

import typer

from schatten import recipe as recipes
from schatten.cli.options import RecipeOption
from schatten.runtime import launch

app = typer.Typer()

SystemOption = Annotated[str, typer.Option("--system", help="One of the recipe's systems")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of weights, order and masks")]
TrainCuts = Annotated[Path, typer.Option("--train", help="Training cuts with features")]
RankOption = Annotated[str, typer.Option(help="Label of one of the system's ranks: tau0.60@e12")]
DevCuts = Annotated[Path, typer.Option("--dev", help="Dev cuts with features")]
ProcessesOption = Annotated[
    int,
    typer.Option(
        "--processes", min=1, help="Processes that share each batch: one a GPU, on all nodes"
    ),
]
ModelOutput = Annotated[Path, typer.Option("--output", help="The model (.pt); history.json beside")]


@app.command()
def train(
    recipe: RecipeOption,
    system: SystemOption,
    seed: SeedOption,
    train: TrainCuts,
    dev: DevCuts,
    statistics: Annotated[Path, typer.Option(help="Statistics of the training features")],
    output: ModelOutput,
    teacher: Annotated[
        Path | None, typer.Option(help="The model that a distilled system learns from")
    ] = None,
    processes: ProcessesOption = 1,
) -> None:
    """Train stage 1 of a system; a killed training goes on from its last checkpoint."""
    _spread(processes)
    from schatten.train.stages import stage1

    stage1(recipes.load(recipe), system, seed, (train, dev), statistics, output, teacher)


@app.command()
def factor(
    recipe: RecipeOption,
    system: SystemOption,
    rank: RankOption,
    model: Annotated[Path, typer.Option(help="Model of stage 1")],
    output: ModelOutput,
    train: Annotated[
        Path | None, typer.Option(help="Training cuts with features, for ranks with activations")
    ] = None,
) -> None:
    """Truncate a model's matrices by singular value decomposition."""
    from schatten.train.stages import truncate

    truncate(recipes.load(recipe), system, rank, model, output, train)


@app.command()
def stage2(
    recipe: RecipeOption,
    system: SystemOption,
    seed: SeedOption,
    rank: RankOption,
    model: Annotated[Path, typer.Option(help="The truncated model")],
    train: TrainCuts,
    dev: DevCuts,
    output: ModelOutput,
    processes: ProcessesOption = 1,
) -> None:
    """Train a truncated model on, warm-started, without penalty."""
    _spread(processes)
    from schatten.recipe.layout import Row
    from schatten.train import stages

    row = Row(system, seed, rank, "stage2")
    stages.stage2(recipes.load(recipe), row, model, (train, dev), output)


def _spread(processes: int) -> None:
    """Let several processes do this command, where that is asked for, and end with them."""
    status = launch.spread(processes)
    if status is not None:
        raise typer.Exit(status)


@app.command()
def logprobs(
    model: Annotated[Path, typer.Option(help="A model (.pt)")],
    cuts: Annotated[list[Path], typer.Option(help="Cuts with features, once for each split")],
    output_dir: Annotated[Path, typer.Option(help="Folder of {split}.npz")],
) -> None:
    """Write the natural-log probabilities of the units of every utterance of some splits."""
    from schatten.decode.acoustic import write_split

    for split in cuts:
        write_split(model, split, output_dir)


@app.command()
def bench_training(
    rounds: Annotated[int, typer.Option(help="Timed rounds; the fastest counts")] = 10,
    threads: Annotated[int, typer.Option(help="CPU threads of torch")] = 2,
    ranks: Annotated[
        bool, typer.Option("--ranks", help="What stage 2 costs, by rank, instead")
    ] = False,
    projections: Annotated[
        bool, typer.Option("--projections", help="What projected LSTMs cost, instead")
    ] = False,
) -> None:
    """Print what a factored training step costs against the dense one (ratios of times)."""
    if projections:
        _print_by_projection(rounds, threads)
        return
    print(f"GRU layer, forward + backward + Adam, CPU time of {threads} threads, {rounds} rounds")
    if ranks:
        _print_by_rank(rounds, threads)
        return
    from schatten.train.bench import compare

    print("frames x batch x inputs x hidden   dense (ms)   factored/dense   torch's GRU/dense")
    for shape, seconds in compare(rounds, threads):
        factored, fused = (seconds[form] / seconds["dense"] for form in ("factored", "torch"))
        print(f"{shape!s:32} {1000 * seconds['dense']:12.1f} {factored:16.2f} {fused:19.2f}")


@app.command()
def bench_model(
    recipe: RecipeOption,
    system: SystemOption,
    batch_seconds: Annotated[
        float | None, typer.Option(help="Seconds of audio in a batch; the training's by default")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Timed rounds; the fastest counts")] = 10,
    device: Annotated[str, typer.Option(help="torch's name of it: cpu, cuda, cuda:1")] = "cpu",
) -> None:
    """Print what a training step of a recipe's model costs factored against dense.

    On noise in place of speech; with the trace norm and l2. CPU time; on a GPU by the clock.
    """
    from schatten.train.bench_model import compare

    _refuse_missing_device(device)
    found = compare(recipes.load(recipe), system, batch_seconds, rounds, device)
    print(f"{recipe}, {system}: {found.utterances} utterances, {found.device}, {rounds} rounds")
    print("dense (ms)   factored (ms)   factored/dense")
    ratio = found.factored / found.dense
    print(f"{1000 * found.dense:10.1f} {1000 * found.factored:15.1f} {ratio:16.2f}")


def _refuse_missing_device(device: str) -> None:
    """Say so where a GPU is asked for that is not there."""
    import torch

    from schatten.errors import UserError

    there = torch.cuda.device_count()
    if device not in ("cpu", *(("cuda",) if there else ()), *(f"cuda:{n}" for n in range(there))):
        raise UserError(
            f"--device {device}: torch sees {there} GPUs here; take cpu, or cuda:NUMBER"
        )


def _print_by_rank(rounds: int, threads: int) -> None:
    """Print seconds of stage 2 by rank, and how much faster they are than stage 1's."""
    from schatten.train.bench import by_rank

    print("size: of the factors, as a share of the non-recurrent matrix; T trains stage 2 seven")
    print("times as fast as stage 1 with l2 and ten times as fast as with the trace norm")
    print("frames x batch x inputs x hidden    size  rank   U V formed   U (V x), W h   U (V .)")
    for one in by_rank(rounds, threads):
        stage1 = f"stage 1: l2 {1000 * one.l2:.1f} ms, trace norm {1000 * one.trace_norm:.1f} ms"
        print(f"{one.shape!s:32}   {stage1}")
        for size, formed in one.formed.items():
            applied, both = one.applied[size], one.both[size]
            best = min(formed, applied, both)
            print(
                f"{'':32} {size:6.2f} {one.shape.rank(size):5} {1000 * formed:9.1f} ms "
                f"{1000 * applied:9.1f} ms {1000 * both:8.1f} ms   stage 1 / best: "
                f"l2 {one.l2 / best:.2f}, trace norm {one.trace_norm / best:.2f}",
                flush=True,
            )


def _print_by_projection(rounds: int, threads: int) -> None:
    """Print what a projected LSTM takes, its recurrent matrix multiplied out, of torch's time."""
    from schatten.models.layers import FORMED_UP_TO
    from schatten.train.bench import by_projection

    print(f"LSTM layer with a projection, CPU time of {threads} threads, {rounds} rounds;")
    print(f"on a CPU it is multiplied out up to {FORMED_UP_TO} cells, and above half of them")
    print("frames x batch x inputs x cells   projection   torch's (ms)   multiplied out/torch's")
    for shape, width, fused, formed in by_projection(rounds, threads):
        print(f"{shape!s:31} {width:12} {1000 * fused:14.1f} {formed / fused:24.2f}", flush=True)


@app.command()
def compare_ranks(
    recipe: RecipeOption,
    system: SystemOption,
    model: Annotated[Path, typer.Option(help="A model of the system's stage 1 (.pt)")],
    train: Annotated[Path, typer.Option(help="Training cuts: inputs are measured on them")],
    dev: Annotated[Path, typer.Option(help="Cuts that are recognised, greedily")],
    parameters: Annotated[list[int], typer.Option(help="Size of the model; several in turn")],
) -> None:
    """Print the CER of a model right after truncation, by rank rule, at equal size."""
    from schatten.train.compare_ranks import compare

    settings = recipes.load(recipe)
    made = settings.systems[system]
    training = settings.trainings[made.training]
    print(f"{model}, {dev.name}, greedy, before stage 2\nrule                  parameters  CER (%)")
    for row in compare(model, made.factorization, parameters, (train, dev), training):
        print(f"{row.rule:20} {row.parameters:11} {row.cer:8.2f}", flush=True)
