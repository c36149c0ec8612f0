"""What a reader can do with a finished table: commands with the paths of this experiment."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path

from schatten.recipe.layout import baseline_node, search_with
from schatten.report.collect import Experiment, Trained
from schatten.score.run import beside


def next_steps(experiment: Experiment, config: Sequence[str]) -> list[str]:
    """Return lines for the terminal; `config`: that of the workflow, as `KEY=VALUE`."""
    ranked = best_first(experiment)
    best = "" if experiment.main_lm is None else ", the best on dev"
    return [
        f"Next{_entering()}:",
        *_compare(experiment, ranked),
        f"Talk to {ranked[0].node.system}{best}: {_try(config)} [FILE...]",
        f"All of it as one page, with charts and sound: {experiment.layout.report}",
    ]


def _entering() -> str:
    """Return how to enter the environment of a clone; elsewhere it is the user's own."""
    entry = Path(".venv/bin/activate")
    return f", in the environment (. {entry})" if entry.is_file() else ""


def best_first(experiment: Experiment) -> list[Trained]:
    """Order the models by WER on dev with the main language model; without one, as they are.

    The choice does not use test: whoever runs the best model may want to report its WER there.
    """

    def rate(model: Trained) -> float:
        weights = experiment.weights(model.node)
        return math.inf if weights is None or weights.wer is None else weights.wer

    return sorted(experiment.models, key=rate)


def _compare(experiment: Experiment, ranked: list[Trained]) -> list[str]:
    """Return the command that compares the baseline with the best other model, if there is one."""
    baseline = baseline_node(experiment.recipe)
    place = baseline.system, baseline.folder
    others = [m.node for m in ranked if (m.node.system, m.node.folder) != place]
    if not others:
        return []
    search, split = search_with(experiment.recipe, experiment.main_lm), experiment.recipe.splits
    first, second = (
        beside(experiment.layout.score(node, *search, split.test[0]), ".utterances.csv")
        for node in (baseline, others[0])
    )
    command = ["schatten", "compare-scores", "--first", str(first), "--second", str(second)]
    return [f"Compare two systems: {shlex.join(command)}"]


def _try(config: Sequence[str]) -> str:
    """Return the command that runs the best model: with files, or else with the microphone."""
    options = (one.partition("=") for one in config)
    words = [word for key, _, value in options for word in (f"--{key.replace('_', '-')}", value)]
    return shlex.join(["schatten", "try", *words])
