"""Curves of all trainings, what each step cost, and the pipeline as boxes for a picture."""

from dataclasses import dataclass

from schatten.recipe.chain import Node
from schatten.recipe.steps import Truncate
from schatten.report.collect import Experiment
from schatten.runtime import explain, seals

Row = dict[str, str | float | int | None]


def trained_nodes(experiment: Experiment) -> list[Node]:
    """Return every node of the tables that was trained, and every point of a grid, each once."""
    models = [*experiment.models, *experiment.stage1_models]
    nodes = dict.fromkeys(node for model in models for node in model.node.chain)
    return [node for node in nodes if experiment.history(node).epochs]


def curves(experiment: Experiment) -> list[Row]:
    """Return a row for each epoch: losses, error rate on dev in percent."""
    return [
        {
            "training": training_name(node),
            "epoch": offset + number,
            "train_loss": epoch.train_loss,
            "dev_loss": epoch.dev_loss,
            "dev_rate": epoch.dev_cer,
        }
        for node in trained_nodes(experiment)
        for offset in [first_epoch(experiment, node)]
        for number, epoch in enumerate(experiment.history(node).epochs, 1)
    ]


def spectra(experiment: Experiment) -> list[Row]:
    """Return a row for each epoch and large matrix: nu, and the rank for 90 % of the variance."""
    return [
        {
            "training": training_name(node),
            "epoch": offset + number,
            "matrix": matrix,
            "nu": round(measures.nu, 4),
            "rank90": measures.rank90,
        }
        for node in trained_nodes(experiment)
        for offset in [first_epoch(experiment, node)]
        for number, epoch in enumerate(experiment.history(node).epochs, 1)
        for matrix, measures in epoch.matrices.items()
    ]


def training_name(node: Node) -> str:
    """Name a training by its system, seed where there are several, and node."""
    seeds = node.system_settings.seeds
    seed = f" seed {node.seed}" if len(seeds) > 1 else ""
    return f"{node.system}{seed}, {node.folder}"


def first_epoch(experiment: Experiment, node: Node) -> int:
    """Return how many epochs of the chain lie before a node's own."""
    epochs = 0
    for one, following in zip(node.chain[:-1], node.chain[1:], strict=True):
        if isinstance(following.step, Truncate):
            epochs = first_epoch(experiment, one) + following.step.epoch_in(following)
        elif not one.step.compresses:
            epochs += len(experiment.history(one).epochs)
    return epochs


@dataclass(frozen=True)
class StepCost:
    """What all steps of a verb cost together."""

    verb: str
    steps: int
    minutes: float
    cpu_minutes: float
    peak_megabytes: float


def step_costs(experiment: Experiment) -> list[StepCost]:
    """Return the costs of the steps behind the table of word error rates, in their order.

    There are none where the table has no provenance record.
    """
    table = experiment.layout.tables / "wer.csv"
    if seals.read_record(table) is None:
        return []
    found = explain.costs(explain.chain(table))
    return [
        StepCost(verb, one.steps, one.seconds / 60, one.cpu_seconds / 60, one.peak_memory_mb)
        for verb, one in found.items()
    ]


@dataclass(frozen=True)
class Box:
    """A box of the picture, at a column and a row."""

    column: int
    row: float
    title: str
    detail: str
    after: tuple[int, ...]
    """Places of the boxes that it follows."""


def pipeline(experiment: Experiment) -> list[Box]:
    """Return the boxes of the pipeline: chains of the same kinds of steps share a row."""
    recipe = experiment.recipe
    kinds: dict[tuple[str, ...], int] = {}
    for model in experiment.models:
        steps = tuple(node.step.kind.replace("_", " ") for node in model.node.chain)
        kinds[steps] = kinds.get(steps, 0) + 1
    middle = (len(kinds) - 1) / 2
    features = ", ".join(dict.fromkeys(model.feature for model in recipe.models.values()))
    models = ", ".join(recipe.table_language_models) or "none"
    boxes = [
        Box(0, len(kinds) / 2, "corpus", recipe.corpus.source, ()),
        Box(1, middle, "features", features, (0,)),
        Box(1, len(kinds), "language models", models, (0,)),
    ]
    ends = [2]
    for row, (steps, count) in enumerate(kinds.items()):
        before = 1
        for depth, kind in enumerate(steps, 1):
            said = f"{count} model{'s' if count > 1 else ''}" if depth == len(steps) else ""
            boxes.append(Box(1 + depth, row, kind, said, (before,)))
            before = len(boxes) - 1
        ends.append(before)
    engine = dict.fromkeys(p for one in recipe.systems.values() for p in one.precisions)
    decoded = f"engine: {', '.join(engine)}" if engine else ""
    last = 2 + max(map(len, kinds), default=1)
    boxes.append(Box(last, len(kinds) / 2, "decode, score", decoded, tuple(ends)))
    boxes.append(Box(last + 1, len(kinds) / 2, "tables, report", "", (len(boxes) - 1,)))
    return boxes
