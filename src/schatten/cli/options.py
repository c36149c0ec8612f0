"""Options that several verbs share."""

from typing import Annotated

import typer

RecipeOption = Annotated[
    str, typer.Option("--recipe", help="The experiment, CORPUS/EXPERIMENT or the YAML's path.")
]
