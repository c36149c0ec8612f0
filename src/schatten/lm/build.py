"""The steps from text to a language model for decoding, as the recipe's settings say."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schatten import recipe
from schatten.artifacts import LmInfo, Perplexity
from schatten.lm import arpa as arpa_format
from schatten.lm import kenlm, witten_bell
from schatten.lm.goals import prune_to
from schatten.lm.text import lexicon, words_of, write_spelled
from schatten.lm.writer import open_output
from schatten.recipe.language_models import LanguageModel
from schatten.runtime.files import write_text
from schatten.units.spelled import SpelledUnits


def settings_of(name: str, lm: str) -> LanguageModel:
    """Return the settings of a recipe's language model; `UserError` if there is no such one."""
    return recipe.load(name).language_model(lm)


def estimate_to(settings: LanguageModel, text: Path, output: Path, memory_mb: int) -> None:
    """Estimate a model from text and write its ARPA file, compressed where `output` is `.gz`."""
    with _tokens(settings, text, output) as tokens:
        if output.suffix != ".gz":
            kenlm.estimate(settings, tokens, output, memory_mb)
            return
        with kenlm.scratch_folder(output) as scratch:
            plain = scratch / "arpa"
            kenlm.estimate(settings, tokens, plain, memory_mb)
            compress(plain, output)


@contextmanager
def _tokens(settings: LanguageModel, text: Path, beside: Path) -> Iterator[Path]:
    """Yield the text that the model reads: itself, or its characters in a temporary file."""
    if settings.decoder != "open":
        yield text
        return
    with kenlm.scratch_folder(beside.with_name(f"{beside.name}.tokens")) as scratch:
        write_spelled(text, scratch / "text")
        yield scratch / "text"


def compress(plain: Path, output: Path) -> None:
    """Write a file gzip-compressed: equal content gives equal bytes."""
    with plain.open("rb") as source, open_output(output) as target:
        shutil.copyfileobj(source, target, 1 << 20)


def write_lexicon(arpa: Path, spelled: SpelledUnits, output: Path) -> None:
    """Write every spelling of the words of an n-gram of words."""
    write_text(output, lexicon(arpa_format.words(arpa), spelled, arpa))


def _write_known_words(
    settings: LanguageModel, text: Path, arpa: Path, spelled: SpelledUnits, output: Path
) -> None:
    """Write the spellings of the model's words; for a model of characters, of its text's words."""
    if settings.decoder != "open":
        write_lexicon(arpa, spelled, output)
    else:
        write_text(output, lexicon(words_of(text), spelled, text))


def build_to(
    settings: LanguageModel,
    *,
    spelled: SpelledUnits,
    text: Path,
    output: Path,
    dev: Path | None,
    memory_mb: int,
) -> None:
    """Write `arpa.gz`, `bin`, `lexicon` and `info.json` to the folder `output`."""
    arpa, binary = output / "arpa.gz", output / "bin"
    with _tokens(settings, text, arpa) as tokens:
        pruning = _estimate_and_prune(settings, tokens, arpa, memory_mb)
    _write_known_words(settings, text, arpa, spelled, output / "lexicon")
    kenlm.binarise(arpa, binary, settings.quantize_bits, memory_mb)
    measured: dict[str, Any] = {}
    if dev is not None:
        measured["dev"] = _measure(settings, binary, dev, output)
    info = LmInfo(
        ngrams=arpa_format.counts(arpa), bytes=_bytes(arpa, binary), **measured, **pruning
    )
    info.write(output / "info.json")


def _estimate_and_prune(
    settings: LanguageModel, text: Path, arpa: Path, memory_mb: int
) -> dict[str, Any]:
    """Write the ARPA file; return the fields of `LmInfo` on pruning, where the recipe prunes."""
    history = None
    with kenlm.scratch_folder(arpa) as scratch:
        whole = scratch / "arpa"
        kenlm.estimate(settings, text, whole, memory_mb)
        if settings.prune is None:
            compress(whole, arpa)
            return {}
        if settings.prune.history == "witten_bell":
            history = scratch / "history"
            witten_bell.estimate(text, settings.order - 1, history)
        done = prune_to(whole, arpa, settings.prune, history, settings.quantize_bits)
    return {"threshold": done.threshold, "ngrams_before_pruning": done.before}


def _bytes(arpa: Path, binary: Path) -> dict[str, int]:
    return {"arpa.gz": arpa.stat().st_size, "bin": binary.stat().st_size}


def _measure(settings: LanguageModel, binary: Path, dev: Path, beside: Path) -> Perplexity:
    """Return the perplexity of held-out text, per word or per character as the model has them."""
    with _tokens(settings, dev, beside / "dev") as tokens:
        return kenlm.perplexity(binary, tokens)
