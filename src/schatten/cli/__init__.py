"""The command line: `schatten VERB` does one step. Verbs import what they need when they run."""

import sys

import typer

from schatten import process
from schatten.cli import corpus, decode, device, export, features, lm, report, run, train
from schatten.errors import UserError

app = typer.Typer(
    name="schatten",
    help=(
        "Small speech recognisers, honestly measured: one verb a step. "
        "`schatten run wer_tables` runs the whole workflow."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (run, corpus, features, train, decode, report, export):
    app.add_typer(part.app)
app.add_typer(device.app, name="device", help="Kernels: count, bench, show, compare.")
app.add_typer(lm.app, name="lm", help="Language models: estimate, prune, binarise.")


def main() -> None:
    """Run a verb; bad input ends in one sentence and status 1."""
    process.die_with_parent()
    try:
        app()
    except UserError as error:
        print(f"schatten: {error}", file=sys.stderr)
        sys.exit(1)
