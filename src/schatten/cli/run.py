"""The verb `run`: the workflow, with a readable console."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

app = typer.Typer()


class _SplitsAtDashes(TyperCommand):
    """Keeps everything after `--` apart: it is meant for Snakemake."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments before `--`."""
        ours, rest = (
            (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        )
        ctx.meta["schatten.snakemake"] = rest
        return super().parse_args(ctx, ours)


@app.command("run", cls=_SplitsAtDashes)
def run(
    ctx: typer.Context,
    *,
    targets: Annotated[
        list[str] | None, typer.Argument(help="Rules or files to make; the tables by default.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="CORPUS/EXPERIMENT; the Snakefile's default is voicesearch_like/quick."),
    ] = None,
    corpus_dir: Annotated[
        str | None, typer.Option(help="Folder of the corpus, where the recipe reads one.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="Where steps run: a name in profiles/, as `slurm`, or a folder."),
    ] = None,
    devices: Annotated[
        str | None, typer.Option(help="For `bench`: names in arm/devices; host by default.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Steps at a time; the CPU cores by default."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would run, and why.")
    ] = False,
) -> None:
    """Run the workflow: `schatten run [TARGETS...] [-- SNAKEMAKE'S OPTIONS]`."""
    from schatten.runtime import gpus
    from schatten.runtime import run as runner

    options = {"recipe": recipe, "corpus_dir": corpus_dir, "devices": devices}
    config = {key: value for key, value in options.items() if value is not None}
    if profile:
        arguments = ["--profile", runner.profile(profile), *(["--jobs", str(jobs)] if jobs else [])]
    else:
        arguments = ["--cores", str(jobs) if jobs else "all"]
        if gpus.count():
            arguments += ["--resources", f"gpu={gpus.count()}"]  # trainings take turns on them
    if config:
        arguments += ["--config", *(f"{key}={as_yaml(value)}" for key, value in config.items())]
    if dry_run:
        arguments.append("--dry-run")
    arguments += [*ctx.meta["schatten.snakemake"], "--", *(targets or [])]
    raise typer.Exit(runner.run(arguments, dry_run=dry_run))


@app.command("mend-times")
def mend_times(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders to look in; results, arm and .tools by default."),
    ] = None,
) -> None:
    """Set the times of files from the future to now, in their order: for a clock that went back."""
    from schatten.runtime.clock import mend

    mended = mend(folders or [Path("results"), Path("arm"), Path(".tools")])
    typer.echo(f"{mended:,} files were from the future; their times are mended")


def as_yaml(value: str) -> str:
    """Quote text for Snakemake, which reads values as YAML: a folder may be called `1e3`.

    It takes quotes off the ends first, so these are spaces.
    """
    return f" {json.dumps(value, ensure_ascii=False)} "
