"""The verbs `corpus` and `validate`."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import JobsOption, RecipeOption, TasksOption

app = typer.Typer()

CorpusDirOption = Annotated[
    Path | None,
    typer.Option("--corpus-dir", help="Folder of the recordings; the synthetic corpus has none."),
]


@app.command("corpus")
def corpus(
    recipe: RecipeOption,
    output: Annotated[Path, typer.Option("--output", help="Folder to write to.")],
    corpus_dir: CorpusDirOption = None,
    jobs: JobsOption = 1,
    tasks: TasksOption = 1,
    data_key: Annotated[
        str | None,
        typer.Option(help="Key that a run was planned with; a corpus with another is refused."),
    ] = None,
) -> None:
    """Write a corpus's cuts ({split}.cuts.jsonl.gz, 16 kHz) and normalised text (text/).

    A table, text or recording of noise that is edited meanwhile stops it, and nothing is kept.
    """
    from schatten.corpus import make
    from schatten.recipe import load

    make(load(recipe), corpus_dir, output, jobs, tasks, data_key)


@app.command("validate")
def validate(
    recipe: RecipeOption,
    data: Annotated[Path, typer.Option("--data", help="Folder that `schatten corpus` wrote.")],
    output: Annotated[Path, typer.Option("--output", help="The report to write (.json).")],
    corpus_dir: CorpusDirOption = None,
    jobs: JobsOption = 1,
) -> None:
    """Check every recording and transcript, and report hours, words and what training leaves out.

    Wrong data ends in one list of what is wrong, by kind, with counts and names. A page beside the
    report (.html) has the utterances to look at, with sound.
    """
    from schatten.corpus import problem_page
    from schatten.corpus.problems import Unusable
    from schatten.corpus.report import lines, strides_of
    from schatten.corpus.validate import validate as check
    from schatten.recipe import load
    from schatten.recipe.systems import CHARACTERS

    settings, page = load(recipe), output.with_suffix(".html")
    try:
        report = check(settings, data, corpus_dir, jobs)
    except Unusable as error:
        problem_page.write(page, error.problems, settings, data, corpus_dir)
        raise Unusable(f"{error}\n  Listen to them: {page}", error.problems) from None
    report.write(output)
    strides = strides_of(settings, CHARACTERS)
    print("\n".join(lines(report, strides, settings.splits.train)))
    if problem_page.write(
        page, problem_page.of_report(report, strides), settings, data, corpus_dir
    ):
        print(f"Listen to what is passed over: {page}")
