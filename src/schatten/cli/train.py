"""Verbs that make models, train and truncate, and the log-probabilities of a split."""

from pathlib import Path
from typing import Annotated

import typer

from schatten import recipe as recipes
from schatten.cli.options import JobsOption, RecipeOption, TasksOption, UnitsOption
from schatten.runtime import launch

app = typer.Typer()

SystemOption = Annotated[str, typer.Option("--system", help="One of the recipe's systems")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of weights, order and masks")]
TrainCuts = Annotated[Path, typer.Option("--train", help="Training cuts with features")]
NodeOption = Annotated[
    str | None,
    typer.Option("--node", help="Folder of the node below am/SYSTEM/seedN: tau0.60@e12/stage2"),
]
DevCuts = Annotated[Path, typer.Option("--dev", help="Dev cuts with features")]
ProcessesOption = Annotated[
    int,
    typer.Option(
        "--processes", min=1, help="Processes that share each batch: one a GPU, on all nodes"
    ),
]
InitialOption = Annotated[
    Path | None, typer.Option(help="The model (.pt, .gguf) that a first training begins with")
]
LoadersOption = Annotated[
    int,
    typer.Option(
        "--loaders",
        min=0,
        help="Processes that read training features ahead; results do not depend on it",
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
    output: ModelOutput,
    node: NodeOption = None,
    model: Annotated[
        Path | None, typer.Option(help="The model before it, for a later training")
    ] = None,
    statistics: Annotated[
        Path | None, typer.Option(help="Statistics of the training features, for a first training")
    ] = None,
    units: UnitsOption = None,
    teacher: Annotated[
        Path | None, typer.Option(help="The model that a distilled system learns from")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="The model whose weights give the threshold of pruning")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="The model of another system whose weights it starts from")
    ] = None,
    initial: InitialOption = None,
    hypotheses: Annotated[
        Path | None,
        typer.Option(help="What the model before it recognises, for `sequence` and `adapt`"),
    ] = None,
    processes: ProcessesOption = 1,
    loaders: LoadersOption = 0,
) -> None:
    """Train a node of a system's chain; a killed training goes on from its last checkpoint."""
    _spread(processes)
    from schatten.train import steps

    inputs = {
        "train": train,
        "dev": dev,
        "statistics": statistics,
        "units": units,
        "model": model,
        "teacher": teacher,
        "reference": reference,
        "start": start,
        "initial": initial,
        "hypotheses": hypotheses,
    }
    steps.train(recipes.load(recipe).node(system, seed, node), _given(inputs), output, loaders)


@app.command("hypotheses")
def hypotheses(
    recipe: RecipeOption,
    system: SystemOption,
    seed: SeedOption,
    node: NodeOption,
    model: Annotated[Path, typer.Option(help="The model before the node")],
    train: TrainCuts,
    output: Annotated[Path, typer.Option(help="Hypotheses (.jsonl.gz): lists and lattices")],
    units: UnitsOption = None,
    jobs: JobsOption = 1,
    tasks: TasksOption = 1,
) -> None:
    """Recognise training speech for a step `sequence` or `adapt`; killed, it goes on by shards."""
    from schatten.errors import UserError
    from schatten.recipe.steps import Recognition, Sequence
    from schatten.train.recognition import recognise
    from schatten.train.steps import spelled_units

    settings = recipes.load(recipe)
    place = settings.node(system, seed, node)
    step = place.step
    if not isinstance(step, Sequence) or not step.reads_hypotheses:
        raise UserError(
            f"{place.path} reads no hypotheses: name a node of a step `sequence` or `adapt` whose "
            "criterion is not ctc"
        )
    how = Recognition(**{name: getattr(step, name) for name in Recognition.model_fields})
    spelled = spelled_units(settings, place.units, units)
    parts = step.parts_in(place)
    print(recognise(model, train, spelled, how, parts, output, jobs=jobs, tasks=tasks))


@app.command()
def truncate(
    recipe: RecipeOption,
    system: SystemOption,
    seed: SeedOption,
    node: NodeOption,
    model: Annotated[Path, typer.Option(help="The model to truncate")],
    output: ModelOutput,
    train: Annotated[
        Path | None, typer.Option(help="Training cuts with features, for ranks with activations")
    ] = None,
) -> None:
    """Truncate a model's matrices by singular value decomposition."""
    from schatten.train import steps

    inputs = {"model": model, "train": train}
    steps.truncate(recipes.load(recipe).node(system, seed, node), _given(inputs), output)


@app.command()
def prune(
    recipe: RecipeOption,
    system: SystemOption,
    seed: SeedOption,
    node: NodeOption,
    model: Annotated[Path, typer.Option(help="The model to prune")],
    output: ModelOutput,
    train: Annotated[
        Path | None, typer.Option(help="Training cuts with features, for `refit`")
    ] = None,
) -> None:
    """Put zeros where a model's large matrices are smallest."""
    from schatten.train import steps

    inputs = {"model": model, "train": train}
    steps.prune(recipes.load(recipe).node(system, seed, node), _given(inputs), output)


@app.command()
def remove_units(
    recipe: RecipeOption,
    system: SystemOption,
    seed: SeedOption,
    node: NodeOption,
    model: Annotated[Path, typer.Option(help="The model that units are removed from")],
    output: ModelOutput,
    train: Annotated[
        Path | None, typer.Option(help="Training cuts with features, for `score: activations`")
    ] = None,
) -> None:
    """Remove whole units of a model's layers, which leaves a smaller dense model."""
    from schatten.train import steps

    inputs = {"model": model, "train": train}
    steps.remove_units(recipes.load(recipe).node(system, seed, node), _given(inputs), output)


@app.command()
def predict_sparsity(
    recipe: RecipeOption,
    system: SystemOption,
    reference: Annotated[
        Path, typer.Option(help="The trained reference model (.pt), with history.json beside it")
    ],
) -> None:
    """Print how sparse thresholds will make each matrix, without training (Narang et al., 2017)."""
    from schatten.train.prediction import predict

    for text in predict(recipes.load(recipe), system, reference):
        print(text)


def _given(inputs: dict[str, Path | None]) -> dict[str, Path]:
    return {name: path for name, path in inputs.items() if path is not None}


def _spread(processes: int) -> None:
    """Run this command in several processes if asked for, and end with them."""
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
def compare_ranks(
    recipe: RecipeOption,
    system: SystemOption,
    model: Annotated[Path, typer.Option(help="A model of the system's stage 1 (.pt)")],
    train: Annotated[Path, typer.Option(help="Training cuts: inputs are measured on them")],
    dev: Annotated[Path, typer.Option(help="Cuts that are recognised, greedily")],
    parameters: Annotated[list[int], typer.Option(help="Size of the model; several in turn")],
    units: UnitsOption = None,
) -> None:
    """Print the unit error rate of a model right after truncation, by rank rule, at equal size."""
    from schatten.train.compare_ranks import errors_by_rank_rule
    from schatten.train.steps import spelled_units
    from schatten.train.targets import Targets

    settings = recipes.load(recipe)
    made = settings.system(system)
    training = settings.trainings[made.training]
    targets = Targets(spelled_units(settings, made.units, units))
    rate = "CER (%)" if units is None else "UER (%)"
    print(f"{model}, {dev.name}, greedy, before stage 2\nrule                  parameters  {rate}")
    for row in errors_by_rank_rule(
        model, made.factorization, parameters, (train, dev), training, targets
    ):
        print(f"{row.rule:20} {row.parameters:11} {row.error_rate:8.2f}", flush=True)
