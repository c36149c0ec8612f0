"""The experiment of a command line: recipe, folder of the corpus, folder of results."""

from pathlib import Path

from schatten.errors import known
from schatten.recipe.chain import Node
from schatten.report.collect import Experiment
from schatten.report.next_steps import best_first
from schatten.workflow import workflow_of

RESULTS = Path("results")


def experiment_of(
    recipe: str | None, corpus_dir: Path | None, results: Path
) -> tuple[Experiment, list[str]]:
    """Return it, and the workflow's config that names it, as `KEY=VALUE` for other commands.

    `recipe`: None for the default one. Errors: `UserError` as for `schatten run`.
    """
    given = {"recipe": recipe, "corpus_dir": corpus_dir, "results": results}
    config = {key: value for key, value in given.items() if value is not None}
    workflow = workflow_of(config)
    said = {**config, "recipe": workflow.name}
    if results == RESULTS:
        del said["results"]
    experiment = Experiment(workflow.recipe, workflow.layout)
    return experiment, [f"{key}={value}" for key, value in said.items()]


def pick(experiment: Experiment, system: str | None) -> Node:
    """Return the model that is best on dev, of all or of one system.

    Errors: `UserError` for a system that the recipe has not.
    """
    nodes = [model.node for model in best_first(experiment)]
    if system is not None:
        known("system", system, [node.system for node in nodes])
    return next(node for node in nodes if system in (None, node.system))
