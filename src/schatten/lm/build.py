"""The steps from text to a language model that decodes, in the order the recipe's settings ask."""

import shutil
from pathlib import Path
from typing import Any

from schatten import recipe
from schatten.errors import UserError
from schatten.files import write_json, write_text
from schatten.lm import arpa as arpa_format
from schatten.lm import kenlm, witten_bell
from schatten.lm.goals import prune_to
from schatten.lm.text import lexicon
from schatten.lm.writer import open_output
from schatten.recipe.decoding import LanguageModel


def settings_of(name: str, lm: str) -> LanguageModel:
    """Return the settings of a recipe's language model; `UserError` where there is no such one."""
    models = recipe.load(name).language_models
    if lm not in models:
        raise UserError(f"recipe {name} has no language model {lm!r}: one of {', '.join(models)}")
    return models[lm]


def estimate_to(settings: LanguageModel, text: Path, output: Path, memory_mb: int) -> None:
    """Estimate a model from text and write its ARPA file, compressed where `output` is `.gz`."""
    if output.suffix != ".gz":
        kenlm.estimate(settings, text, output, memory_mb)
        return
    with kenlm.scratch_folder(output) as scratch:
        plain = scratch / "arpa"
        kenlm.estimate(settings, text, plain, memory_mb)
        compress(plain, output)


def compress(plain: Path, output: Path) -> None:
    """Write a file gzip-compressed: equal content gives equal bytes."""
    with plain.open("rb") as source, open_output(output) as target:
        shutil.copyfileobj(source, target, 1 << 20)


def write_lexicon(arpa: Path, alphabet: str, output: Path) -> None:
    """Write the spellings of a model's words."""
    write_text(output, lexicon(arpa_format.words(arpa), alphabet, arpa))


def build_to(
    settings: LanguageModel,
    *,
    alphabet: str,
    text: Path,
    output: Path,
    dev: Path | None,
    memory_mb: int,
) -> None:
    """Write `arpa.gz`, `bin`, `lexicon` and `info.json` to the folder `output`."""
    arpa, binary = output / "arpa.gz", output / "bin"
    pruning = _estimate_and_prune(settings, text, arpa, memory_mb)
    write_lexicon(arpa, alphabet, output / "lexicon")
    kenlm.binarise(arpa, binary, settings.quantize_bits, memory_mb)
    write_json(output / "info.json", _facts(arpa, binary, dev) | pruning)


def _estimate_and_prune(
    settings: LanguageModel, text: Path, arpa: Path, memory_mb: int
) -> dict[str, Any]:
    """Write the ARPA file; return what pruning did, where the recipe asks for it."""
    if settings.prune is None:
        estimate_to(settings, text, arpa, memory_mb)
        return {}
    history = None
    with kenlm.scratch_folder(arpa) as scratch:
        whole = scratch / "arpa"
        kenlm.estimate(settings, text, whole, memory_mb)
        if settings.prune.history == "witten_bell":
            history = scratch / "history"
            witten_bell.estimate(text, settings.order - 1, history)
        done = prune_to(whole, arpa, settings.prune, history, settings.quantize_bits)
    return {"threshold": done.threshold, "ngrams_before_pruning": done.before}


def _facts(arpa: Path, binary: Path, dev: Path | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "ngrams": arpa_format.counts(arpa),
        "bytes": {"arpa.gz": arpa.stat().st_size, "bin": binary.stat().st_size},
    }
    if dev is not None:
        facts["dev"] = kenlm.perplexity(binary, dev)
    return facts
