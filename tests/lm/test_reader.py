"""ARPA files are read and written; malformed ones are refused with the line."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from reference import load

from schatten.errors import UserError
from schatten.lm import arpa, kenlm, sections
from schatten.lm.reader import read
from schatten.lm.trie_size import trie_bytes
from schatten.lm.writer import write

GAPPED = Path(__file__).parent / "data" / "gapped.arpa"
LINES = GAPPED.read_text().splitlines()


def everything(model):
    return [np.ones(order.real, np.bool_) for order in model.orders]


def names(model, n):
    order = model.orders[n - 1]
    ends = zip(order.words, order.end, strict=True)
    return [tuple(bytes(model.text[a:b]).decode().split()) for a, b in ends]


def test_numbers_and_links_are_those_of_the_file():
    model, expected = read(GAPPED), load(GAPPED)
    assert [order.real for order in model.orders] == [15, 63, 94, 76]
    for n, order in enumerate(model.orders, 1):
        own = names(model, n)
        assert list(order.prob) == pytest.approx([expected[name][0] for name in own])
        bows = [np.nan if bow is None else bow for bow in (expected[name][1] for name in own)]
        assert list(order.bow[: order.real]) == pytest.approx(bows, nan_ok=True)
        if n > 1:
            lower = names(model, n - 1)
            assert [lower[row] for row in order.prefix[: order.real]] == [w[:-1] for w in own]
            there = order.suffix[: order.real] < len(lower)
            ends = [lower[row] for row in order.suffix[: order.real][there]]
            assert ends == [name[1:] for name, yes in zip(own, there, strict=True) if yes]


def test_missing_ends_are_blanks_found_once_each():
    model, expected = read(GAPPED), load(GAPPED)
    gaps = {name[at:] for name in expected for at in range(len(name))} - set(expected) - {()}
    assert gaps
    assert sum(len(order) - order.real for order in model.orders) == len(gaps)


def test_blocks_of_any_size_give_the_same_model(monkeypatch):
    whole = read(GAPPED)
    monkeypatch.setattr(sections, "BLOCK", 80)
    small = read(GAPPED)
    for a, b in zip(whole.orders, small.orders, strict=True):
        assert (a.key == b.key).all() and (a.prob == b.prob).all()
        assert (a.suffix == b.suffix).all() and (a.prefix == b.prefix).all()


def test_what_is_written_reads_back_the_same(tmp_path):
    model = read(GAPPED)
    write(model, everything(model), tmp_path / "copy.arpa.gz")
    (tmp_path / "copy.arpa").write_bytes(gzip.decompress((tmp_path / "copy.arpa.gz").read_bytes()))
    copy, expected = load(tmp_path / "copy.arpa"), load(GAPPED)
    assert list(copy) == list(expected)
    for name, (prob, bow) in expected.items():
        assert copy[name] == [pytest.approx(prob, abs=6e-8), bow and pytest.approx(bow, abs=6e-8)]


def changed(tmp_path, at, *lines):
    """Write the model with the line at index `at` replaced."""
    path = tmp_path / "changed.arpa"
    path.write_text("\n".join([*LINES[:at], *lines, *LINES[at + 1 :]]) + "\n")
    return path


TRIGRAM = LINES.index("\\3-grams:") + 5


@pytest.mark.parametrize(
    "line",
    [
        "-0.5 sun moon",
        "-0.5\tsun moon",
        "-0.5\tsun moon sea wind",
        "-0.5\tsun moon sea -0.1",
        "x\tsun moon sea\t-0.1",
        "-0.5\tsun moon sea\t-0.1x",
        "",
        "sun",
    ],
)
def test_a_malformed_line_is_named(line, tmp_path):
    path = changed(tmp_path, TRIGRAM, line)
    with pytest.raises(UserError, match=rf"changed.arpa .*line {TRIGRAM + 1} |3-grams from line"):
        read(path)


@pytest.mark.parametrize("line", ["-0.5 sun moon", "-0.5\tsun moon", "x\tsun moon sea\t-0.1"])
def test_the_right_line_is_named_across_blocks(line, tmp_path, monkeypatch):
    monkeypatch.setattr(sections, "BLOCK", 80)
    with pytest.raises(UserError, match=f"line {TRIGRAM + 1} is no 3-gram: {line[0]!r}"[:-1]):
        read(changed(tmp_path, TRIGRAM, line))


def test_an_ngram_that_comes_twice_is_named(tmp_path):
    path = changed(tmp_path, TRIGRAM, LINES[TRIGRAM - 1])
    with pytest.raises(UserError, match=rf"line {TRIGRAM + 1} repeats an n-gram"):
        read(path)


def test_an_ngram_without_its_beginning_is_named(tmp_path):
    path = changed(tmp_path, TRIGRAM, "-0.5\tmoon moon sun")
    with pytest.raises(UserError, match=rf"line {TRIGRAM + 1} lacks its first 2 words .*'moon moo"):
        read(path)


def test_an_unknown_last_word_is_named(tmp_path):
    bigrams = range(LINES.index("\\2-grams:") + 1, LINES.index("\\3-grams:") - 1)
    at = next(at for at in bigrams if LINES[at].count("\t") == 1)  # the context of nothing
    with pytest.raises(UserError, match=rf"line {at + 1} .* not among the 1-grams: 'sun moo'"):
        read(changed(tmp_path, at, "-0.5\tsun moo"))


@pytest.mark.parametrize("drop", [1, 3])
def test_a_file_cut_short_is_refused(drop, tmp_path):
    path = tmp_path / "cut.arpa"
    path.write_text("\n".join(LINES[:-drop]) + "\n")
    with pytest.raises(UserError, match=r"cut.arpa .*\\end\\|cut.arpa has 7\d 4-grams"):
        read(path)
    packed = tmp_path / "cut.arpa.gz"
    packed.write_bytes(gzip.compress(GAPPED.read_bytes())[:-40])
    with pytest.raises(UserError, match=r"cut.arpa.gz cannot be read"):
        read(packed)


def test_what_is_no_arpa_at_all_is_refused(tmp_path: Path) -> None:
    changed = bytearray(gzip.compress(GAPPED.read_bytes()))
    changed[40:42] = bytes(255 - byte for byte in changed[40:42])
    (tmp_path / "changed.arpa.gz").write_bytes(changed)
    (tmp_path / "folder.arpa").mkdir()
    for name in ("changed.arpa.gz", "folder.arpa"):
        for reads in (arpa.words, read):
            with pytest.raises(UserError, match=f"{name} cannot be read"):
                reads(tmp_path / name)
    line = LINES.index("\\1-grams:") + 2
    latin = [*LINES[: line - 1], "-1.5\tcaf\xe9", *LINES[line - 1 :]]
    (tmp_path / "latin.arpa").write_text("\n".join(latin), encoding="latin-1")
    with pytest.raises(UserError, match=rf"latin.arpa line {line} is not UTF-8"):
        arpa.words(tmp_path / "latin.arpa")


def test_a_wrong_count_is_refused(tmp_path):
    at = LINES.index("ngram 3=94")
    with pytest.raises(UserError, match=r"has 94 3-grams from line .* not the 95 of its header"):
        read(changed(tmp_path, at, "ngram 3=95"))


def test_another_kind_of_file_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_text("sun moon\n")
    with pytest.raises(UserError, match="text is no ARPA file"):
        read(path)


@pytest.mark.parametrize("quantize_bits", [None, 5, 8])
def test_trie_bytes_are_the_size_of_the_trie(quantize_bits, kenlm_programs, tmp_path):
    model = read(GAPPED)
    rows = [len(order) for order in model.orders]
    vocabulary = sum(len(word) + 1 for word in arpa.words(GAPPED))
    kenlm.binarise(GAPPED, tmp_path / "bin", quantize_bits, memory_mb=100)
    expected = (tmp_path / "bin").stat().st_size
    assert trie_bytes(rows, vocabulary, quantize_bits) == expected
