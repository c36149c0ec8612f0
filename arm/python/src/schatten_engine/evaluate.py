"""The word error rate of a bundle on recordings of one's own, from a table of them."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten_engine._engine import EngineError
from schatten_engine.bundle import LEXICON

TABLE = "transcripts.tsv"
SAMPLES, SEED = 1000, 1
"""Of the bootstrap; those of `schatten evaluate`, so that both give one interval."""
_SIGNS = '.,;:!?"()[]{}-'
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u0060\u00b4", "'"))


@dataclass(frozen=True, slots=True)
class Compared:
    """A recording: what was said in it, what was heard, and the word errors."""

    path: str
    said: tuple[str, ...]
    heard: tuple[str, ...]
    errors: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All recordings, in the order of their paths."""

    recordings: tuple[Compared, ...]

    @property
    def words(self) -> int:
        """Words that were said."""
        return sum(len(one.said) for one in self.recordings)

    @property
    def wer(self) -> float:
        """The word error rate, %."""
        return 100 * sum(one.errors for one in self.recordings) / max(self.words, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of its 95 % interval, %: recordings are drawn with replacement.

        Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance
        evaluation", 2004.
        """
        counts = np.array([(one.errors, len(one.said)) for one in self.recordings])
        generator = np.random.Generator(np.random.PCG64(SEED))
        sums = counts[generator.integers(0, len(counts), size=(SAMPLES, len(counts)))].sum(axis=1)
        low, high = np.quantile(100 * sums[:, 0] / np.maximum(sums[:, 1], 1), [0.025, 0.975])
        return float(low), float(high)


def evaluate(recognize: Callable[[Path], str], bundle: Path, folder: Path) -> Evaluation:
    """Compare what is heard in the recordings of a folder's table with what was said.

    `folder` has `transcripts.tsv`: tab-separated, with a header and the columns `path`, relative to
    it, and `text`. Texts are brought to the letters of the bundle's lexicon; marks of noises are
    words here, which `schatten evaluate` drops. Errors: `EngineError`
    for a wrong table or a recording that cannot be used.
    """
    written = _writer(bundle / LEXICON)
    compared = []
    for path, text in sorted(_rows(folder / TABLE)):
        said, heard = written(text), written(recognize(folder / path))
        compared.append(Compared(path, said, heard, distance(said, heard)))
    return Evaluation(tuple(compared))


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return the fewest substitutions, deletions and insertions that make one of the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            best = min(row[j] + 1, row[j - 1] + 1, before + (word != other))
            before, row[j] = row[j], best
    return row[-1]


def _writer(lexicon: Path) -> Callable[[str], tuple[str, ...]]:
    """Return what brings a text to the letters and the case of a lexicon's words."""
    lines = lexicon.read_text("utf-8", errors="surrogateescape").splitlines()
    words = {_composed(line.partition("\t")[0]) for line in lines}
    letters = {sign for word in words for sign in word}
    # As `schatten evaluate`: a language that is written without spaces.
    of_characters = all(len(_characters(word)) == 1 for word in words)
    case: Callable[[str], str] = str
    for change in (str.lower, str.upper):
        if all(change(sign) == sign for sign in letters):
            case = change
            break
    spaces = re.compile("[" + re.escape("".join(set(_SIGNS) - letters)) + "]")

    def written(text: str) -> tuple[str, ...]:
        plain = text.translate(_APOSTROPHES) if "'" in letters else text
        found = case(spaces.sub(" ", _composed(plain))).split()
        return tuple(_characters("".join(found)) if of_characters else found)

    return written


def _characters(text: str) -> list[str]:
    """Return the characters of a text; marks stay with the letter before them."""
    found: list[str] = []
    for sign in text:
        if found and unicodedata.category(sign).startswith("M"):
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _rows(table: Path) -> list[tuple[str, str]]:
    try:
        header, *lines = table.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{table} is missing, empty or no UTF-8 text: write a header, and a line with path and "
            "text for each recording, with tabs between"
        ) from error
    names = [name.strip() for name in header.split("\t")]
    if not {"path", "text"} <= set(names):
        raise EngineError(f"{table} has no columns path and text: its header is {header!r}")
    rows = []
    for number, line in enumerate(lines, start=2):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(names):
            if not line.strip():
                continue
            raise EngineError(f"{table}, line {number} has {len(cells)} columns: correct the line")
        row = dict(zip(names, cells, strict=True))
        rows.append((row["path"], row["text"]))
    if not rows:
        raise EngineError(f"{table} names no recording: write a line for each")
    return rows
