"""Options that several verbs share."""

from typing import Annotated

import typer

RecipeOption = Annotated[
    str, typer.Option("--recipe", help="The experiment, CORPUS/EXPERIMENT or the YAML's path.")
]

JobsOption = Annotated[
    int, typer.Option("--jobs", min=1, help="Processes or threads; results do not depend on it.")
]
TasksOption = Annotated[
    int,
    typer.Option(
        "--tasks", min=1, help="Tasks of a Slurm job, each with --jobs processes, on all its nodes."
    ),
]
