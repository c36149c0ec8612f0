"""Verbs from log-probabilities to scored words: graph, tune, decode, reliability, score ..."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import (
    LEXICON,
    SEARCH_PROGRAM,
    WEIGHTS,
    RecipeOption,
    UnitsOption,
    one_each,
)

if TYPE_CHECKING:
    from schatten.score.paired import Difference, RelativeDifference

app = typer.Typer()

LogProbsOption = Annotated[
    Path, typer.Option(help="Log-probabilities of the split's utterances (.npz).")
]
CutsOption = Annotated[Path, typer.Option(help="Cuts of the split, with transcripts.")]
LmOption = Annotated[
    Path | None,
    typer.Option(help="KenLM binary (or ARPA); with --graph it rescores the graph's lattices."),
]
GraphOption = Annotated[
    Path | None, typer.Option(help="Decoding graph that `graph` wrote, to search instead.")
]
LexiconOption = Annotated[Path | None, LEXICON]
ProgramOption = Annotated[Path | None, SEARCH_PROGRAM]


class DecoderName(StrEnum):
    """How words are found; `units`: the units of the best path, for their error rate."""

    greedy = "greedy"
    units = "units"
    lexicon = "lexicon"
    open = "open"
    wfst = "wfst"
    flashlight = "flashlight"


_NEEDED = {
    DecoderName.greedy: (),
    DecoderName.units: (),
    DecoderName.lexicon: ("--lm", "--lexicon", "--weights"),
    DecoderName.open: ("--lm", "--weights"),
    DecoderName.wfst: ("--graph", "--weights"),
    DecoderName.flashlight: ("--lm", "--lexicon", "--weights"),
}
_OPTIONAL = {DecoderName.wfst: {"--lm", "--k2"}, DecoderName.lexicon: {"--program"}}


@app.command("graph")
def graph(
    *,
    recipe: RecipeOption,
    arpa: Annotated[Path, typer.Option(help="Language model in ARPA format (packed too).")],
    lexicon: Annotated[Path, LEXICON],
    output: Annotated[
        Path,
        typer.Option(help="Graph in OpenFst's format (.fst); FILE.json beside it names labels."),
    ],
    units: UnitsOption = None,
) -> None:
    """Compose CTC topology, lexicon and language model into one decoding graph (TLG).

    Of tied phones (--units), whose lexicon is spelled in phones, a context transducer stands
    between topology and lexicon.
    """
    from schatten import recipe as recipes
    from schatten.decode.wfst.graph import read_symbols, write_graph
    from schatten.lm.acceptor import acceptor
    from schatten.lm.vocabulary import require_common
    from schatten.units.spelled import SpelledUnits

    if units is None:
        spelled = SpelledUnits.of_characters(recipes.load(recipe).text.alphabet)
    else:
        spelled = SpelledUnits.read(units)
    symbols = read_symbols(lexicon, spelled.spelled_in)
    require_common(arpa, symbols.words, lexicon)
    grammar = acceptor(arpa, symbols.word_labels, symbols.back_off_word)
    typer.echo(write_graph(output, symbols, grammar, spelled))


@app.command("tune")
def tune(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    cuts: CutsOption,
    output: Annotated[Path, typer.Option(help="The weights, and what was tried (.json).")],
    lm: LmOption = None,
    lexicon: Annotated[
        Path | None,
        typer.Option(
            help="Lexicon: WORD TAB UNITS a line; without it the search is open, and --lm is "
            "one of characters."
        ),
    ] = None,
    program: ProgramOption = None,
    graph: GraphOption = None,
) -> None:
    """Choose LM weight and word bonus (natural logs) by WER on dev."""
    from schatten import recipe as recipes
    from schatten.decode.files import GraphFiles, SearchFiles
    from schatten.decode.tune import tune as run
    from schatten.recipe.layout import SEARCHER

    files: SearchFiles | GraphFiles
    if graph is not None and lexicon is None:
        files = GraphFiles(graph, lm)
    elif lm is not None and graph is None:
        files = SearchFiles(lm, lexicon, program or SEARCHER)
    else:
        raise typer.BadParameter("give --lm, and --lexicon or not; or --graph, and --lm or not")
    chosen = run(logprobs, cuts, files, recipes.load(recipe).decoding)
    chosen.write(output)
    typer.echo(chosen.summary)


@app.command("decode")
def decode(
    *,
    recipe: RecipeOption,
    logprobs: Annotated[
        list[Path], typer.Option(help="Log-probabilities of a split (.npz); may be repeated.")
    ],
    output: Annotated[
        list[Path],
        typer.Option(help="Words: UTTERANCE WORD WORD ... a line; once for each --logprobs."),
    ],
    decoder: Annotated[
        DecoderName,
        typer.Option(
            help="How words are found; flashlight searches the lexicon by flashlight-text, as a "
            "check of the engine's search."
        ),
    ],
    lm: LmOption = None,
    lexicon: LexiconOption = None,
    program: ProgramOption = None,
    graph: GraphOption = None,
    weights: Annotated[Path | None, WEIGHTS] = None,
    k2: Annotated[
        Path | None, typer.Option(help="A Python with k2, which searches the graph instead.")
    ] = None,
) -> None:
    """Turn log-probabilities into words: greedily, or by a search with a language model."""
    given = {"--lm": lm, "--lexicon": lexicon, "--graph": graph, "--weights": weights, "--k2": k2}
    given["--program"] = program
    _require_options(decoder, {name for name, value in given.items() if value is not None})
    one_each("--logprobs", logprobs, output)
    if k2 is not None and lm is not None:
        raise typer.BadParameter("--k2 takes no --lm: it rescores no lattices")
    run = _decoding(recipe, decoder, given)
    for split, words in zip(logprobs, output, strict=True):
        typer.echo(run(split, words))


def _decoding(
    recipe: str, decoder: DecoderName, given: dict[str, Path | None]
) -> Callable[[Path, Path], str]:
    """Return what decodes log-probabilities to a file of words, and says how fast it was."""
    from schatten import recipe as recipes
    from schatten.decode import run
    from schatten.decode.files import GraphFiles, SearchFiles

    settings = recipes.load(recipe).decoding
    lm, graph, weights, k2 = (given[name] for name in ("--lm", "--graph", "--weights", "--k2"))
    if decoder == DecoderName.units:
        return run.best_units
    if weights is None:
        return run.greedy
    if k2 is not None and graph is not None:
        from schatten.decode.wfst import k2_search

        return lambda split, words: k2_search.decode(
            split, graph, weights, settings.wfst, k2, words
        )
    files: SearchFiles | GraphFiles
    if graph is not None:
        files = GraphFiles(graph, lm)
    else:
        from schatten.recipe.layout import SEARCHER

        assert lm is not None, "every other decoder needs it"
        searcher = None if decoder is DecoderName.flashlight else given["--program"] or SEARCHER
        files = SearchFiles(lm, given["--lexicon"], searcher)
    return lambda split, words: run.beam(split, files, weights, settings, words)


def _require_options(decoder: DecoderName, given: set[str]) -> None:
    """Refuse options of other decoders, and missing options."""
    needed = _NEEDED[decoder]
    if missing := [name for name in needed if name not in given]:
        raise typer.BadParameter(f"--decoder {decoder.value} needs {' and '.join(missing)}")
    if extra := sorted(given - set(needed) - _OPTIONAL.get(decoder, set())):
        raise typer.BadParameter(f"--decoder {decoder.value} takes no {' and '.join(extra)}")


@app.command("beams")
def beams(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    cuts: CutsOption,
    lm: Annotated[Path, typer.Option(help="KenLM binary (or ARPA).")],
    weights: Annotated[Path, WEIGHTS],
    output: Annotated[Path, typer.Option(help="WER and seconds by beam (.json).")],
    lexicon: LexiconOption = None,
    program: ProgramOption = None,
) -> None:
    """Measure speed and WER of the search with each beam of the recipe's figures."""
    from schatten import recipe as recipes
    from schatten.decode.beams import measure
    from schatten.decode.files import SearchFiles
    from schatten.errors import UserError
    from schatten.recipe.layout import SEARCHER

    loaded = recipes.load(recipe)
    if (curve := loaded.figures.beam) is None:
        raise UserError(f"recipe {recipe} has no figures.beam: say which beams to measure")
    files = SearchFiles(lm, lexicon, program or SEARCHER)
    measure(logprobs, cuts, files, weights, loaded.decoding, curve).write(output)


@app.command("reliability")
def reliability(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    cuts: CutsOption,
    lm: Annotated[Path, typer.Option(help="KenLM binary (or ARPA).")],
    lexicon: Annotated[Path, LEXICON],
    weights: Annotated[Path, WEIGHTS],
    output: Annotated[Path | None, typer.Option(help="The table as JSON too.")] = None,
    program: ProgramOption = None,
) -> None:
    """Compare the confidences of words with how often they are right, on a split.

    Prints the expected calibration error, at the temperature that `tune` chose on dev.
    """
    from schatten import recipe as recipes
    from schatten.decode import confidence
    from schatten.decode.engine_search import EngineSearch
    from schatten.recipe.layout import SEARCHER

    settings = recipes.load(recipe).decoding
    search = EngineSearch(program or SEARCHER, lexicon, lm, settings)
    found = confidence.reliability(logprobs, cuts, search, weights)
    if output is not None:
        found.write(output)
    typer.echo("\n".join(confidence.as_lines(found)))


@app.command("score")
def score(
    *,
    recipe: RecipeOption,
    hypotheses: Annotated[
        list[Path], typer.Option(help="Words that `decode` wrote; may be repeated.")
    ],
    cuts: Annotated[
        list[Path],
        typer.Option(help="Cuts of the split, with transcripts; once for each --hypotheses."),
    ],
    output: Annotated[
        list[Path],
        typer.Option(help="Rates and counts, NAME.score.json; once for each --hypotheses."),
    ],
    lexicon: Annotated[
        list[Path] | None,
        typer.Option(
            help="Lexicon, to list words that are out of it; once, or once for each --hypotheses."
        ),
    ] = None,
    units: UnitsOption = None,
) -> None:
    """Score words against transcripts: WER and CER in %, with bootstrap intervals.

    Where the recipe's text.words are characters, both are the error rate of characters.

    With --units, units that `decode --decoder units` wrote are scored against those that write the
    transcripts: every rate is the unit error rate.

    Beside the output: NAME.errors.txt, NAME.ref.trn, NAME.hyp.trn, NAME.utterances.csv.
    """
    from schatten import recipe as recipes
    from schatten.score.run import score_files

    known: list[Path | None] = [*lexicon] if lexicon else [None]
    known *= len(output) if len(known) == 1 else 1
    one_each("--hypotheses", hypotheses, output)
    one_each("--cuts", cuts, output)
    one_each("--lexicon", known, output)
    loaded = recipes.load(recipe)
    of_characters = loaded.text.words == "characters"
    for files in zip(hypotheses, cuts, output, known, strict=True):
        typer.echo(score_files(*files, loaded.tables, units, of_characters=of_characters))


@app.command("compare-scores")
def compare_scores(
    first: Annotated[
        list[Path],
        typer.Option(help="NAME.utterances.csv that `score` wrote; again for each other seed."),
    ],
    second: Annotated[
        list[Path], typer.Option(help="The same of another system, on the same split.")
    ],
) -> None:
    """Print how much more WER the second has than the first, paired, with 95 % intervals.

    The difference in points resamples utterances, and speakers where there are 20 of them, by which
    it is judged (p too). The difference relative to the first resamples speakers if they repeat.
    With several seeds, both resample seeds too: in pairs, in the order given, where both have as
    many.
    """
    if len(first) == len(second) == 1:
        _print_one_difference(first[0], second[0])
    else:
        _print_pooled_difference(first, second)


def _print_one_difference(first: Path, second: Path) -> None:
    from schatten.score.paired import paired_difference, relative_difference

    typer.echo(_said(paired_difference(first, second), relative_difference(first, second)))


def _said(points: "Difference", relative: "RelativeDifference", seeds: str = "") -> str:
    """Write a difference in points and in per cent, each with its interval and what it draws."""
    drawn = "speakers" if relative.by_speaker else "utterances"
    low, high = points.by_utterance
    intervals = f"[{low:+.2f}, {high:+.2f}]"
    if points.by_speaker is not None:
        intervals = (
            f"[{points.low:+.2f}, {points.high:+.2f}] by {seeds}speakers, "
            f"{intervals} by {seeds}utterances"
        )
    elif seeds:
        intervals += f" by {seeds}utterances"
    return (
        f"{points.points:+.2f} points {intervals}, p = {points.p:.3f}; "
        f"{relative.percent:+.1f} % [{relative.low:+.1f}, {relative.high:+.1f}] by {seeds}{drawn}"
    )


def _print_pooled_difference(first: list[Path], second: list[Path]) -> None:
    from schatten.score.pooled import pooled_difference

    found = pooled_difference(first, second)
    for name, rates in (("first", found.first), ("second", found.second)):
        each = ", ".join(f"{rate:.2f}" for rate in rates)
        typer.echo(f"{name}: {sum(rates) / len(rates):.2f} % ({each})")
    seeds = "pairs of seeds and " if found.pairs else "seeds and "
    typer.echo(_said(found.points, found.relative, seeds))
