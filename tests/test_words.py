"""Papers are called by their names: no T, P or N stands for one, in any text of the project.

CONTRIBUTING.md says what they are called. T stays the number of frames, N that of utterances or
columns, P a probability or a projection.
"""

import re
import subprocess

import pytest
from project import ROOT

NOT_OURS = ("LICENSE", "requirements.lock", "tests/test_words.py")
"""Texts of others, and this file, which holds examples."""

PART = r"(?:figures?|tables?|sections?|equations?|eq\.|appendix|algorithms?)(?:\b|(?<=\.))"
VERB = (
    r"(?:calls?|claims?|compares?|compresses|describes|did|does|doubles|draws|finds|found|gives|had|"
    r"halves|has|loses|measures|names|needs|plots|prints|reads|reports?|says|shows|trains?|trained|"
    r"uses|used|writes)\b"
)
FORMS = (
    r"\b[TPN]'s\b",
    rf"\b[TPN],? {PART}",
    rf"\b{PART} \d(?:\.\d)* of [TPN]\b",
    r"(?<!\w)[TPN],? \d\.\d",
    r"(?<!\w)\([TPN](?:: |\))",
    r"\b[TPN] \(?(?:Kliegl|Prabhavalkar|Narang)\b",
    r"\b[TPN] is \*",
    rf"\b[TPN] {VERB}",
    r"\b[TP] and [TP]\b",
    r"\b(?:after|as|by|from|in|like|of|see|than) [TP]"
    r"(?:[.,;:)]*$|[.,;:)]+ | (?:are|in|is|that|was|were)\b| and (?![A-Za-z]\b))",
    r'^\s*(?:#|//|/?\*|"""|-)\s*[TP][,:] ',
    r"\b[TPN]_[A-Z]{2}",
    r"\bdef test_\w*_(?:as|like|of)_[tpn]\b",
)
LETTER = re.compile("|".join(FORMS), re.MULTILINE)
MEANT = re.compile(r"minimise T, L and G")
"""Lines in which T is a transducer."""


def found_in(text: str) -> list[tuple[int, str]]:
    """Return the numbers and the texts of the lines in which a letter stands for a paper."""
    return [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), 1)
        if LETTER.search(line) and not MEANT.search(line)
    ]


def test_no_letter_stands_for_a_paper() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name.startswith(NOT_OURS) or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            found += [f"{name}:{number}: {line}" for number, line in found_in(data.decode())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        '"""CER over both lambdas (T, figure 1): a heat map."""',
        '"""Return nu and the rank for 90 % of the variance of each weight (T, 3.1)."""',
        "Points of each penalty that go on (T 3.2.2: 3).",
        "Stage 2 starts with this times stage 1's last learning rate (T: 3).",
        "Keep the smallest rank that holds the share `tau` of its variance (T).",
        "whose share of variance is at most `tau` (P, eq. 7).",
        '"""The LSTM CTC model of P (Prabhavalkar et al., 2016): stacked frames."""',
        "The factorizations of T are ways to lay out the pieces of P's scheme:",
        "the right, as T does, of the systems that have the baseline's model",
        "takes at once, as in T.",
        "For comparison: T reports stage 2 seven times faster.",
        "It has the sizes of T: the default model.",
        "shows every figure of T that the recipe has",
        "figure 8 of T",
        "`lab` compares what T and P compare",
        "# P, in small: stacked frames",
        "# T, appendix B: 80 mel bins",
        '    """P: the right singular vectors of W_h."""',
        "minimises the error (least squares, as in P). With",
        "the numbers of N (Narang et al., 2017)",
        "T_GRU = (768, 1024, 1280)",
        "def test_the_sizes_of_t() -> None:",
    ],
)
def test_a_letter_for_a_paper_is_found(line: str) -> None:
    assert found_in(f"first\n{line}\nlast") == [(2, line.strip())]


@pytest.mark.parametrize(
    "line",
    [
        '"""Features (N, T, C) and lengths (N,) to log-probabilities (N, T\', V)."""',
        "Letters in shapes: N utterances, T frames, C inputs, H hidden units.",
        "All score a word sequence W by log P(W | audio) + a log P(W) + b |W|.",
        "P(w|h) = (c(hw) + T(h) P(w|h')) / (c(h) + T(h))",
        "Return P (r, N), Z_h (m, r) and a Z_x (k, r) for each of `readers` (k, N).",
        "A rank costs a row of P and a column of Z_h and of each Z_x.",
        "W_h = Z_h P and W_x = Z_x P with one",
        "every M, K and N from 1 to 40",
        "require(fread(values, sizeof(T), count, stdin) == count)",
        "template <class T, class Expected>",
        "  --beam N, --beam-threshold T, --token-beam N",
        "N-gram language models by KenLM",
        "basis.T @ basis",
        "Multiply x (T, C) with a matrix, factors one after the other: (T, rows).",
        "figure 8 of the trace norm paper",
    ],
)
def test_a_letter_in_a_formula_or_a_shape_is_left(line: str) -> None:
    assert found_in(line) == []
