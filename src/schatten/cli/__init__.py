"""The command line: `schatten VERB` does one step. Verbs import modules only when they run."""

import errno
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Any, NoReturn

import typer

from schatten.cli import (
    clean,
    commands,
    corpus,
    curves,
    decode,
    device,
    engine,
    export,
    features,
    gate,
    live,
    lm,
    project,
    report,
    run,
    search,
    train,
    units,
)
from schatten.errors import UserError
from schatten.letters import shown
from schatten.runtime import output, process, provenance, surroundings

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
PARTS = (
    *(run, project, corpus, units, features, train, decode, search, report, export, engine, live),
    gate,
    clean,
    curves,
)
for part in PARTS:
    app.add_typer(part.app)
app.add_typer(
    device.app, name="device", help="Kernels and engine: measure, compare, run on a device."
)
app.add_typer(commands.app, name="commands", help="Commands of a grammar: slots, acceptance.")
app.add_typer(lm.app, name="lm", help="Language models: estimate, prune, binarise.")


def add_verbs(part: typer.Typer) -> None:
    """Add the verbs of another package; its groups join groups that have the same name."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    app.registered_commands += part.registered_commands
    for group in part.registered_groups:
        joined = groups.get(group.name) if isinstance(group.name, str) else None
        if joined is not None and group.typer_instance is not None:
            joined.add_typer(group.typer_instance)
        else:
            app.registered_groups.append(group)


for entry_point in metadata.entry_points(group="schatten.verbs"):
    add_verbs(entry_point.load())


def record_verbs(part: typer.Typer, prefix: str = "") -> None:
    """Let every verb leave provenance records beside what it writes, and check what it reads."""
    for command in part.registered_commands:
        function = command.callback
        assert function is not None
        name = command.name or function.__name__.replace("_", "-")
        command.callback = provenance.recorded(prefix + name, function, _settings)
    for group in part.registered_groups:
        if group.typer_instance is not None:
            record_verbs(group.typer_instance, f"{group.name} " if group.name else prefix)


def _settings(verb: str, options: Mapping[str, Any]) -> Any:
    """Return the settings that matter to a verb; only verbs that have any read the recipe."""
    from schatten import recipe as recipes
    from schatten.recipe.step_settings import OF_VERB, of_verb

    is_of_recipe = verb in OF_VERB and isinstance(options.get("recipe"), str)
    return of_verb(verb, recipes.load(options["recipe"]) if is_of_recipe else None, options)


record_verbs(app)


_OUTSIDE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EIO,
}
"""Errors of files that no verb is to blame for."""


def main() -> None:
    """Run a verb; bad input, lost output or a closed pipe ends with a sentence and status 1."""
    surroundings.keep_bytecode()
    surroundings.use_utf8()
    process.die_with_parent()
    output.guard()
    try:
        try:
            app()
        finally:
            output.flush()
    except UserError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _fail(
                f"{error.filename or 'the output'} cannot be written: its disk is full; make room"
            )
        if "No usable temporary directory" in str(error):
            _fail("there is no folder for temporary files: set TMPDIR to one that has room")
        if error.errno not in _OUTSIDE or error.filename is None:
            raise
        _fail(
            f"{error.filename} cannot be read or written ({error.strerror}): correct the path, or "
            "who may use it"
        )


def _fail(message: str) -> NoReturn:
    print(f"schatten: {shown(message)}", file=sys.stderr)
    sys.exit(1)
