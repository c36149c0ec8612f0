"""`schatten lm`: estimate, prune, store and measure back-off n-gram language models."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import RecipeOption, UnitsOption

app = typer.Typer(help="N-gram language models.", no_args_is_help=True)

ModelName = Annotated[str, typer.Option("--lm", help="One of the recipe's language_models.")]
Text = Annotated[Path, typer.Option("--text", help="Text, a sentence a line (.gz too).")]
Arpa = Annotated[Path, typer.Option("--arpa", help="Model in ARPA format (gzip, bzip2 or xz too).")]
Memory = Annotated[int, typer.Option("--memory-mb", min=100, help="Memory for sorting, in MiB.")]
QuantizeBits = Annotated[
    int | None,
    typer.Option(min=2, max=16, help="Bits per probability and back-off weight; 32-bit floats."),
]


@app.command()
def estimate(
    recipe: RecipeOption,
    lm: ModelName,
    text: Text,
    output: Annotated[Path, typer.Option(help="ARPA file to write (.gz is compressed).")],
    memory_mb: Memory = 1000,
) -> None:
    """Estimate a modified Kneser-Ney model with KenLM's lmplz."""
    from schatten.lm.build import estimate_to, settings_of

    estimate_to(settings_of(recipe, lm), text, output, memory_mb)


@app.command()
def prune(
    *,
    arpa: Arpa,
    output: Annotated[Path, typer.Option(help="ARPA file to write (.gz is compressed).")],
    threshold: Annotated[
        float | None,
        typer.Option(help="Prune what raises the perplexity by less than this share (SRILM's)."),
    ] = None,
    ngrams: Annotated[int | None, typer.Option(help="Keep at most this many n-grams.")] = None,
    megabytes: Annotated[
        float | None, typer.Option(help="Keep what fits a KenLM trie of this many MB (10^6 bytes).")
    ] = None,
    history_lm: Annotated[
        Path | None,
        typer.Option(help="ARPA model that weights histories; --arpa itself by default."),
    ] = None,
    quantize_bits: QuantizeBits = None,
) -> None:
    """Prune a model by relative entropy to a threshold, a number of n-grams, or a size."""
    from schatten.lm.goals import goal, prune_to

    wish = goal(threshold=threshold, ngrams=ngrams, megabytes=megabytes)
    done = prune_to(arpa, output, wish, history_lm, quantize_bits)
    typer.echo(f"n-grams by order: {done.before} before, {done.after} after")


@app.command()
def history(
    text: Text,
    output: Annotated[Path, typer.Option(help="ARPA file to write (.gz is compressed).")],
    order: Annotated[
        int, typer.Option(min=1, help="Longest n-gram: one less than the model's to be pruned.")
    ] = 4,
) -> None:
    """Estimate a Witten-Bell model of a text, for `prune --history-lm`."""
    from schatten.lm import witten_bell

    witten_bell.estimate(text, order, output)


@app.command()
def binarise(
    arpa: Arpa,
    output: Annotated[Path, typer.Option(help="KenLM trie to write.")],
    quantize_bits: QuantizeBits = None,
    memory_mb: Memory = 1000,
) -> None:
    """Store an ARPA file as a KenLM trie."""
    from schatten.lm import kenlm

    kenlm.binarise(arpa, output, quantize_bits, memory_mb)


@app.command()
def spell(
    text: Text,
    output: Annotated[Path, typer.Option(help="Text to write (.gz is compressed).")],
) -> None:
    """Write a text as characters, for n-gram models of characters."""
    from schatten.lm.text import write_spelled

    write_spelled(text, output)


@app.command()
def lexicon(
    recipe: RecipeOption,
    arpa: Arpa,
    output: Annotated[Path, typer.Option(help="Lexicon to write: word TAB its units.")],
    units: UnitsOption = None,
) -> None:
    """Spell the words of a model in the units of the acoustic model."""
    from schatten.lm.build import write_lexicon
    from schatten.recipe import load
    from schatten.units.spelled import SpelledUnits

    if units is not None:
        spelled = SpelledUnits.read(units)
    else:
        spelled = SpelledUnits.of_characters(load(recipe).text.alphabet)
    write_lexicon(arpa, spelled, output)


@app.command()
def perplexity(
    lm: Annotated[Path, typer.Option(help="Model: a KenLM binary or an ARPA file.")],
    text: Text,
    output: Annotated[Path | None, typer.Option(help="JSON to write; printed by default.")] = None,
) -> None:
    """Measure a model on held-out text, sentence ends counted."""
    from schatten.lm import kenlm

    measured = kenlm.perplexity(lm, text)
    if output is None:
        for name, value in measured.as_json().items():
            typer.echo(f"{name}\t{value:g}")
    else:
        measured.write(output)


@app.command()
def build(
    *,
    recipe: RecipeOption,
    lm: ModelName,
    text: Text,
    output_dir: Annotated[
        Path, typer.Option(help="Folder of arpa.gz, bin, lexicon and info.json to write.")
    ],
    dev: Annotated[Path | None, typer.Option(help="Held-out text, for its perplexity.")] = None,
    memory_mb: Memory = 1000,
) -> None:
    """Make a model as the recipe says: estimate, prune, spell, store, measure."""
    from schatten.lm.build import build_to, settings_of
    from schatten.recipe import load
    from schatten.units.spelled import SpelledUnits

    build_to(
        settings_of(recipe, lm),
        spelled=SpelledUnits.of_characters(load(recipe).text.alphabet),
        text=text,
        output=output_dir,
        dev=dev,
        memory_mb=memory_mb,
    )
