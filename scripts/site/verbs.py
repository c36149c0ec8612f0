"""The reference of the command line: a section a verb, from the program itself."""

from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command


def commands(part: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Yield the verbs below a group with their full names."""
    if isinstance(part, TyperGroup):
        for name, command in part.commands.items():
            yield from commands(command, *names, name)
    else:
        yield " ".join(names), part


def cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def default_of(option: Any) -> str:
    """Return what an option is where it is not given, as Markdown."""
    if option.required:
        return "required"
    value = option.default
    if value is None or value is False or value == () or callable(value):
        return ""
    return f"`{value.value if hasattr(value, 'value') else value}`"


def section(name: str, command: Any) -> str:
    """Return the section of a verb."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    options = [one for one in options if one.name != "help"]
    usage = " ".join(
        ["schatten", name, *(["[OPTIONS]"] if options else []), *map(metavar_of, arguments)]
    )
    lines = [f"### schatten {name}", "", command.help or "", "", f"    {usage}", ""]
    if arguments or options:
        lines += ["| argument or option | meaning | default |", "| --- | --- | --- |"]
    for one in [*arguments, *options]:
        called = (
            metavar_of(one) if one in arguments else ", ".join([*one.opts, *one.secondary_opts])
        )
        lines.append(f"| `{called}` | {cell(one.help or '')} | {default_of(one)} |")
    return "\n".join(lines) + "\n"


def metavar_of(argument: Any) -> str:
    """Return the name of an argument in a usage line."""
    many = "..." if argument.nargs != 1 else ""
    name = f"{(argument.metavar or argument.name).upper()}{many}"
    return name if argument.required else f"[{name}]"


def reference() -> str:
    """Return the sections of all verbs, those of a group under its heading."""
    from schatten.cli import app

    parts: dict[str, list[str]] = {}
    for name, command in commands(get_command(app)):
        group = name.partition(" ")[0] if " " in name else ""
        if not group and name.startswith("bench-"):
            group = "bench"
        parts.setdefault(group, []).append(section(name, command))
    heads = {"": "Steps, results and engine", "bench": "Benchmarks"}
    return "\n".join(
        f"## {heads.get(group, f'schatten {group}')}\n\n" + "\n".join(sections)
        for group, sections in parts.items()
    )
