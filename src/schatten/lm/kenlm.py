"""Runs KenLM's programs (lmplz, build_binary, query); no code of theirs is linked here."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schatten.artifacts import Perplexity
from schatten.errors import UserError
from schatten.lm.mended import KenlmError, given_to_kenlm, reason_of
from schatten.lm.text import most_frequent_words
from schatten.recipe.language_models import LanguageModel
from schatten.runtime.files import (
    atomic_output,
    begins_with_mark,
    read_text,
    remove,
    write_text,
)
from schatten.runtime.project import set_up

FOLDER_VARIABLE = "SCHATTEN_KENLM"
_PROJECT = Path(__file__).resolve().parents[3]
_BUILT = Path(".tools/kenlm/bin")


def program(name: str) -> str:
    """Return the path of a KenLM program.

    It is looked for in the folder $SCHATTEN_KENLM, in `.tools/kenlm/bin`, and on PATH.
    Errors: `UserError` if it is in none of them.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(given)] if given else [_BUILT.absolute(), _PROJECT / _BUILT]
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = None if given else shutil.which(name)
    if found is None:
        raise UserError(
            f"KenLM's {name} is not in {folders[0]}: run `{set_up()}`, or set {FOLDER_VARIABLE} "
            "to the folder that holds it"
        )
    return found


@contextmanager
def scratch_folder(output: Path) -> Iterator[Path]:
    """Make a temporary folder beside an output; that of a killed run is removed too."""
    folder = output.with_name(f".{output.name}.scratch")
    remove(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        remove(folder)


def estimate(settings: LanguageModel, text: Path, arpa: Path, memory_mb: int) -> None:
    """Estimate a modified Kneser-Ney model (lmplz) from text, a sentence a line (`.gz` too).

    `arpa` is written as plain text, and sorting files lie beside it. The same text gives the same
    bytes for any limit on memory. Errors: `UserError` for text that lmplz cannot model.
    """
    _require_words(text)
    with scratch_folder(arpa) as scratch, atomic_output(arpa) as beside:
        command = _lmplz(settings, _readable(text, scratch), scratch, memory_mb)
        try:
            _run([*command, "--arpa", str(beside)])
        except KenlmError as error:
            reason = _reason(str(error))
            raise UserError(f"no language model can be made of {text}: {reason}") from None


def _require_words(text: Path) -> None:
    if not text.is_file():
        raise UserError(f"{text} does not exist: make the corpus first, or correct the path")
    if not text.stat().st_size:
        raise UserError(f"{text} is empty: a language model needs sentences, one a line")


def _readable(text: Path, scratch: Path) -> Path:
    """Return a text as lmplz can read it: a byte order mark would be a part of its first word."""
    if not begins_with_mark(text):
        return text
    write_text(scratch / "text", read_text(text))
    return scratch / "text"


def _lmplz(settings: LanguageModel, text: Path, scratch: Path, memory_mb: int) -> list[str]:
    command = [program("lmplz"), "--order", str(settings.order), "--text", str(text)]
    command += ["--memory", f"{memory_mb}M", "--temp_prefix", f"{scratch}/"]
    command += ["--prune", *map(str, settings.count_cutoffs)]
    if settings.vocabulary is not None:
        words = most_frequent_words(text, settings.vocabulary)
        write_text(scratch / "vocabulary", "".join(f"{word}\n" for word in words))
        command += ["--limit_vocab_file", str(scratch / "vocabulary")]
    if settings.discount_fallback or settings.decoder == "open":
        command.append("--discount_fallback")
    return command


def binarise(arpa: Path, output: Path, quantize_bits: int | None, memory_mb: int) -> None:
    """Store an ARPA file (packed ones too) as a KenLM trie, quantized to `quantize_bits` if given.

    Errors: `UserError` with the line that is malformed, or with KenLM's reason.
    """
    if not arpa.is_file():
        raise UserError(f"{arpa} does not exist: make it first, or correct the path")
    bits = [] if quantize_bits is None else ["-q", str(quantize_bits), "-b", str(quantize_bits)]
    command = [program("build_binary"), "-S", f"{memory_mb}M", *bits]
    with scratch_folder(output) as scratch, atomic_output(output) as beside:
        command += ["-T", f"{scratch}/", "trie"]
        given_to_kenlm(
            arpa, lambda path: _run([*command, str(path), str(beside)]), f"{arpa} cannot be stored"
        )


def perplexity(model: Path, text: Path) -> Perplexity:
    """Measure a model (binary or ARPA) on text, a sentence a line, sentence ends counted."""
    if not model.is_file():
        raise UserError(f"{model} does not exist: make it first, or correct the path")
    command, sentences = [program("query"), "-v", "summary"], _sentences(text)
    said = given_to_kenlm(
        model, lambda path: _run([*command, str(path)], sentences), f"{model} cannot be read"
    )
    return Perplexity(
        perplexity=float(_figure(said, "Perplexity excluding OOVs")),
        perplexity_with_oovs=float(_figure(said, "Perplexity including OOVs")),
        oovs=int(_figure(said, "OOVs")),
        tokens=int(_figure(said, "Tokens")),
    )


def _sentences(text: Path) -> bytes:
    """Return the text with a final line end; without it KenLM drops the last sentence's end."""
    data = read_text(text).rstrip("\n").encode()
    if not data:
        raise UserError(f"{text} is empty: a perplexity needs sentences, one a line")
    return data + b"\n"


def _figure(said: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(\S+)$", said, re.MULTILINE)
    if found is None:
        raise UserError(f"KenLM's query printed no line {name!r}: rebuild it by `{set_up()}`")
    return found[1]


def _run(command: list[str], given: bytes = b"") -> str:
    """Run a program of KenLM; return what it prints. Errors: `KenlmError`."""
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise KenlmError(done.stderr.decode(errors="replace"))
    return done.stdout.decode()


def _reason(said: str) -> str:
    """Return why lmplz cannot model a text, and the fix if it is known."""
    if "BadDiscountException" in said:
        return (
            "Kneser-Ney discounts cannot be estimated from so little or so regular text; "
            "set `discount_fallback: true` in the recipe"
        )
    return reason_of(said)
