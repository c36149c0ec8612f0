"""Verbs that inspect a search: n-best lists, lattices, search errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from schatten.cli.options import LEXICON, SEARCH_PROGRAM, WEIGHTS, RecipeOption

if TYPE_CHECKING:
    from schatten.recipe.base import Settings

S = TypeVar("S", bound="Settings")

app = typer.Typer()

LogProbsOption = Annotated[
    Path, typer.Option("--logprobs", help="Log-probabilities of the split's utterances (.npz).")
]
GraphOption = Annotated[Path, typer.Option("--graph", help="Decoding graph that `graph` wrote.")]
WeightsOption = Annotated[Path, WEIGHTS]
LmOption = Annotated[
    Path, typer.Option("--lm", help="KenLM binary (or ARPA) that scores the hypotheses.")
]
LexiconOption = Annotated[Path, LEXICON]
BeamOption = Annotated[float | None, typer.Option(help="Natural log; the recipe's by default.")]
BeamsOption = Annotated[
    list[int] | None,
    typer.Option("--beam", help="Beam width of a lexicon search to compare; may be repeated."),
]
HypothesesOption = Annotated[
    list[str] | None,
    typer.Option(help="NAME=FILE: words that another decoder wrote; may be repeated."),
]


@app.command("lattices")
def lattices(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    graph: GraphOption,
    weights: WeightsOption,
    output: Annotated[Path, typer.Option(help="Lattices (.jsonl.gz), one an utterance.")],
    beam: BeamOption = None,
    lattice_beam: BeamOption = None,
) -> None:
    """Write the lattices of a graph's search: word sequences and their acoustic scores."""
    from schatten import recipe as recipes
    from schatten.decode.wfst.run import write_lattices

    given = {"beam": beam, "lattice_beam": lattice_beam}
    settings = _changed(recipes.load(recipe).decoding.wfst, given)
    typer.echo(write_lattices(logprobs, graph, weights, settings, output))


@app.command("nbest")
def nbest(
    *,
    lattices: Annotated[Path, typer.Option(help="Lattices that `lattices` wrote.")],
    lm: LmOption,
    weights: WeightsOption,
    output: Annotated[Path, typer.Option(help="Hypotheses and their scores (.jsonl), by rank.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Hypotheses of an utterance, at most.")] = 10,
    output_words: Annotated[
        Path | None, typer.Option(help="The best words too: UTTERANCE WORD WORD ... a line.")
    ] = None,
) -> None:
    """Rescore lattices with a language model and list their best word sequences, all different.

    The score of the language model that the lattices were made with is not in them.
    """
    from schatten.decode.wfst.run import write_nbest

    write_nbest(lattices, lm, weights, n, output, output_words)


@app.command("search-errors")
def search_errors(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    cuts: Annotated[Path, typer.Option(help="Cuts of the split, with transcripts.")],
    graph: GraphOption,
    lm: LmOption,
    lexicon: LexiconOption,
    weights: WeightsOption,
    beams: BeamsOption = None,
    beam_threshold: BeamOption = None,
    token_beam: Annotated[
        int | None, typer.Option(min=1, help="Units tried in a frame; the recipe's by default.")
    ] = None,
    hypotheses: HypothesesOption = None,
    program: Annotated[Path | None, SEARCH_PROGRAM] = None,
    flashlight: Annotated[
        bool, typer.Option("--flashlight", help="Compare flashlight-text at each beam too.")
    ] = False,
    reference_beam: Annotated[float, typer.Option(help="Beam of the reference, natural log.")] = 25,
    reference_lattice_beam: Annotated[
        float, typer.Option(help="Beam of its lattices, natural log.")
    ] = 14,
    n: Annotated[int, typer.Option("-n", min=1, help="Its hypotheses, at most.")] = 50,
    every: Annotated[
        int, typer.Option(min=1, help="Compare only every N-th utterance, sorted by id.")
    ] = 1,
    output: Annotated[Path | None, typer.Option(help="Every search error (.json).")] = None,
) -> None:
    """Count search errors: utterances for which a graph's search finds words that score better.

    Scores are exact, by the sum of all CTC paths and the language model, weighted.
    """
    from schatten import recipe as recipes
    from schatten.artifacts import write_list
    from schatten.decode.search_errors import errors_table
    from schatten.decode.wfst.run import Reference, count_search_errors
    from schatten.recipe.decoding import GraphSettings
    from schatten.recipe.layout import SEARCHER

    wide = GraphSettings(beam=reference_beam, lattice_beam=reference_lattice_beam)
    reference = Reference(graph, lm, lexicon, weights, wide, n, every)
    given = {"beam_threshold": beam_threshold, "token_beam": token_beam}
    settings = _changed(recipes.load(recipe).decoding, given)
    files = dict(_named(each) for each in hypotheses or [])
    searches = {"lexicon": program or SEARCHER, **({"flashlight": None} if flashlight else {})}
    found = count_search_errors(reference, logprobs, cuts, settings, beams or [], files, searches)
    typer.echo(errors_table(found))
    if output is not None:
        write_list(output, [each.summary() for each in found])


def _changed(settings: S, given: Mapping[str, Any]) -> S:
    """Return settings with the values that an option gave."""
    return settings.model_copy(update={k: v for k, v in given.items() if v is not None})


def _named(option: str) -> tuple[str, Path]:
    name, _, path = option.partition("=")
    if not name or not path:
        raise typer.BadParameter(f"--hypotheses {option}: give NAME=FILE")
    return name, Path(path)
