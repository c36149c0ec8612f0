"""The experiment of a command line: recipe, folder of the corpus, folder of results."""

from pathlib import Path

from schatten.report.collect import Experiment
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
