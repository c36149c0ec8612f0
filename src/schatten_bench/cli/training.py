"""Verbs that time training steps: bench-training, bench-model, bench-graph-loss."""

from typing import Annotated, Literal

import typer

from schatten.cli.options import RecipeOption
from schatten.cli.train import SystemOption

app = typer.Typer()


@app.command()
def bench_training(
    rounds: Annotated[int, typer.Option(help="Timed rounds; the fastest counts")] = 10,
    threads: Annotated[int, typer.Option(help="CPU threads of torch")] = 2,
    ranks: Annotated[
        bool, typer.Option("--ranks", help="Cost of stage 2 by rank, instead")
    ] = False,
    projections: Annotated[
        bool, typer.Option("--projections", help="Cost of projected LSTMs, instead")
    ] = False,
    sequence: Annotated[
        bool, typer.Option("--sequence", help="Cost of sequence training's criteria, instead")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Where a step's time goes, instead")
    ] = False,
) -> None:
    """Print what training steps cost: a GRU layer by form, and the default models' whole step.

    Ratios of CPU times of one run: our GRU and step beside torch's GRU and beside what they were.
    """
    if projections:
        _print_by_projection(rounds, threads)
        return
    if sequence:
        _print_sequence(rounds)
        return
    if profile:
        _print_profile(rounds)
        return
    print(f"GRU layer, forward + backward + Adam, CPU time of {threads} threads, {rounds} rounds")
    if ranks:
        _print_by_rank(rounds, threads)
        return
    from schatten_bench.training_step import time_stage1_forms

    print("frames x batch x inputs x hidden   dense (ms)   factored/dense   former/dense   torch's")
    for shape, seconds in time_stage1_forms(rounds, threads):
        forms = ("factored", "former", "torch")
        factored, former, fused = (seconds[form] / seconds["dense"] for form in forms)
        dense = 1000 * seconds["dense"]
        print(
            f"{shape!s:32} {dense:12.1f} {factored:16.2f} {former:14.2f} {fused:9.2f}", flush=True
        )
    _print_throughput(rounds)


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
    from schatten import recipe as recipes
    from schatten_bench.model_step import time_model_step

    _refuse_missing_device(device)
    found = time_model_step(recipes.load(recipe), system, batch_seconds, rounds, device)
    print(f"{recipe}, {system}: {found.utterances} utterances, {found.device}, {rounds} rounds")
    print("dense (ms)   factored (ms)   factored/dense")
    ratio = found.factored / found.dense
    print(f"{1000 * found.dense:10.1f} {1000 * found.factored:15.1f} {ratio:16.2f}")


@app.command()
def bench_graph_loss(
    rounds: Annotated[int, typer.Option(help="Timed rounds; the fastest counts")] = 10,
    threads: Annotated[int, typer.Option(help="CPU threads of torch")] = 1,
    device: Annotated[str, typer.Option(help="torch's name of it: cpu, cuda, cuda:1")] = "cpu",
    backend: Annotated[
        Literal["torch", "k2"], typer.Option(help="What computes the graph loss")
    ] = "torch",
) -> None:
    """Print what the loss of state graphs costs against torch's CTC loss (ratios of times).

    Forward and backward; CPU time; on a GPU by the clock.
    """
    from schatten_bench.graph_loss import time_graph_losses

    _refuse_missing_device(device)
    place = device if device != "cpu" else f"CPU, {threads} threads"
    print(f"Graph loss by {backend}, forward + backward, {place}, {rounds} rounds")
    print("utterances x frames x labels x units   ctc_loss (ms)   linear/ctc   pronunciations/ctc")
    for shape, seconds in time_graph_losses(rounds, threads, device, backend):
        ctc, linear, several = (seconds[name] for name in ("ctc", "linear", "pronunciations"))
        print(
            f"{shape!s:36} {1000 * ctc:15.1f} {linear / ctc:12.2f} {several / ctc:20.2f}",
            flush=True,
        )


def _refuse_missing_device(device: str) -> None:
    """Report it if a GPU is asked for that is not there."""
    import torch

    from schatten.errors import UserError

    there = torch.cuda.device_count()
    if device not in ("cpu", *(("cuda",) if there else ()), *(f"cuda:{n}" for n in range(there))):
        raise UserError(
            f"--device {device}: torch sees {there} GPUs here; take cpu, or cuda:NUMBER"
        )


def _print_throughput(rounds: int) -> None:
    """Print the audio that a whole step takes a CPU second: as it was, today, with bf16."""
    from schatten_bench.training_throughput import time_throughput

    print(
        "\nWhole step of the dense model: seconds of audio a CPU second, by the recipe's threads;"
    )
    print("peak: operations of its products as a share of the rate of a large fp32 product")
    print("recipe                   former   today   today/former   peak    bf16   bf16/former")
    for one in time_throughput(rounds):
        former, today, bf16 = (one.audio / one.seconds[way] for way in ("former", "today", "bf16"))
        peak = one.operations / one.seconds["today"] / one.product_rate
        print(
            f"{one.recipe:22} {former:8.0f} {today:7.0f} {today / former:14.2f} {peak:6.2f} "
            f"{bf16:7.0f} {bf16 / former:13.2f}",
            flush=True,
        )


def _print_sequence(rounds: int) -> None:
    """Print the time of a step by each criterion of sequence training, and against CTC's."""
    from schatten_bench.sequence_step import RECIPE, time_sequence_steps

    print(f"Whole step of sequence training, {RECIPE}, graphs built before, {rounds} rounds;")
    print("lattices and lists: `schatten hypotheses` prints their time an utterance")
    print("criterion        CPU time (ms)   of a step of CTC")
    found = time_sequence_steps(rounds)
    for name, seconds in found.items():
        print(f"{name:16} {1000 * seconds:13.1f} {seconds / found['ctc']:18.2f}", flush=True)


def _print_profile(rounds: int) -> None:
    """Print the share of each part in the default model's step, as it was and today."""
    from schatten_bench.training_throughput import RECIPES, profile_ways

    print(f"Dense model of {RECIPES[0]}, {rounds} steps by torch's profiler, share of its CPU time")
    for way, found in profile_ways(RECIPES[0], rounds):
        print(f"\n{way}: {1000 * found.seconds:.0f} ms a step")
        for part, share in found.shares.items():
            print(f"  {part:38} {100 * share:5.1f} %", flush=True)


def _print_by_rank(rounds: int, threads: int) -> None:
    """Print seconds of stage 2 by rank, and how much faster they are than stage 1's."""
    from schatten_bench.training_step import time_stage2_by_rank

    print("size: of the factors, as a share of the non-recurrent matrix")
    print("The trace norm paper (Kliegl et al., 2018) trains stage 2 seven times as fast as")
    print("stage 1 with l2, and ten times as fast as with the trace norm.")
    print("frames x batch x inputs x hidden    size  rank   U V formed   U (V x), W h   U (V .)")
    for one in time_stage2_by_rank(rounds, threads):
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
    from schatten_bench.training_step import time_projected_lstms

    print(f"LSTM layer with a projection, CPU time of {threads} threads, {rounds} rounds;")
    print(f"on a CPU it is multiplied out up to {FORMED_UP_TO} cells, and above half of them")
    print("frames x batch x inputs x cells   projection   torch's (ms)   multiplied out/torch's")
    for shape, width, fused, formed in time_projected_lstms(rounds, threads):
        print(f"{shape!s:31} {width:12} {1000 * fused:14.1f} {formed / fused:24.2f}", flush=True)
