"""Language model files given to KenLM, which reads some forms of ARPA less freely than we do."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from schatten.errors import UserError
from schatten.lm import arpa
from schatten.lm.forms import tidy
from schatten.lm.packed import open_arpa
from schatten.lm.reader import read
from schatten.lm.vocabulary import MAGIC

T = TypeVar("T")

_THROWN = re.compile(r"\S+:\d+ in [^\n]* threw [\w:]+(?: because `([^\n]*)')?\.\s*")
"""What KenLM's exceptions begin with: source line, function, class and the condition that held."""


class KenlmError(Exception):
    """KenLM refuses a file; what it says."""


def reason_of(said: str) -> str:
    """Return KenLM's message in its own words, without the source line that it begins with."""
    found = list(_THROWN.finditer(said))
    if not found:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return " ".join(lines[-3:])
    message = re.split(r"\n(?:ERROR|Aborted)\b", said[found[-1].end() :])[0]
    words = " ".join(message.removesuffix("ERROR").split())
    return words or f"{found[-1][1]} holds"


def given_to_kenlm(model: Path, load: Callable[[Path], T], failure: str) -> T:
    """Return `load(model)`; if KenLM refuses an ARPA file, that of its usual form.

    `load` raises `KenlmError`. Errors: `UserError` that begins with `failure` and gives KenLM's
    reason, or that names the malformed line.
    """
    try:
        return load(model)
    except KenlmError as error:
        refused = UserError(f"{failure}: {reason_of(str(error))}")
    with model.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            raise refused
    _require_sound(model)
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        copy = Path(folder) / "arpa"
        if not _write_usual(model, copy):
            raise refused
        try:
            return load(copy)
        except KenlmError as error:
            raise UserError(f"{failure}: {reason_of(str(error))}") from None


def _require_sound(model: Path) -> None:
    """Refuse an ARPA file that no reader can use, in a sentence that names the line."""
    if len(arpa.counts(model)) == 1:
        raise UserError(
            f"{model} has 1-grams alone, and KenLM reads bigram models and longer ones: estimate "
            "it with an order of 2 at least"
        )
    read(model)
    missing = [mark for mark in ("<s>", "</s>") if mark not in set(arpa.words(model))]
    if missing:
        raise UserError(
            f"{model} has no {' and no '.join(missing)} among its 1-grams, which KenLM needs: "
            "estimate it from sentences with their beginnings and ends"
        )


def _write_usual(model: Path, copy: Path) -> bool:
    """Write an ARPA file in its usual form; return whether that differs from the file."""
    with open_arpa(model) as file:
        found = file.read()
    usual = tidy(found).replace(b"\n\\1-grams:\n", b"\n\n\\1-grams:\n", 1)
    copy.write_bytes(usual)
    return usual != model.read_bytes()
