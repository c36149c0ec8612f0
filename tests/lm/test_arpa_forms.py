"""ARPA files as other programs write them: read alike by us and by KenLM, or refused by line."""

import bz2
import gzip
import lzma
import re
from pathlib import Path

import numpy as np
import pytest

from schatten.errors import UserError
from schatten.lm import arpa, kenlm
from schatten.lm.forms import tidy
from schatten.lm.mended import reason_of
from schatten.lm.reader import read
from schatten.lm.text import NOT_WORDS
from schatten.lm.vocabulary import known_words

PLAIN = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-9\t<unk>
-99\t<s>\t-0.3
-0.9\t</s>
-0.5\tsun\t-0.25
-7e-1\tmoon\t-0.1

\\2-grams:
-0.3\t<s> sun
-0.2\tsun moon
-0.6\tmoon </s>

\\end\\
"""
FORMS = {
    "tab_in_counts": PLAIN.replace("ngram 1=", "ngram 1=\t").replace("ngram 2=", "ngram  2 = "),
    "crlf": PLAIN.replace("\n", "\r\n"),
    "blank_lines": PLAIN.replace("\n\n", "\n \t\n\n").replace("grams:\n", "grams:\n  \n"),
    "no_blank_lines": PLAIN.replace("\n\n", "\n"),
    "capital_titles": PLAIN.replace("-grams", "-GRAMS").replace("data", "Data"),
    "byte_order_mark": "\ufeff" + PLAIN,
    "text_before": "made by hand\n# on Monday\n\n" + PLAIN,
    "blanks_between": PLAIN.replace("<s> sun", "<s>  \t sun").replace("-0.2\t", "-0.2 "),
    "blanks_behind": PLAIN.replace("sun moon\n", "sun moon \t\n"),
    "no_last_line_end": PLAIN.rstrip("\n"),
    "zero_back_off": PLAIN.replace("sun moon\n", "sun moon\t0\n"),
    "capital_unknown": PLAIN.replace("<unk>", "<UNK>"),
    "no_unknown": PLAIN.replace("-9\t<unk>\n", "").replace("1=5", "1=4"),
}
PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def written(tmp_path: Path, content: str | bytes, name: str = "lm") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def assert_read_alike(path: Path, tmp_path: Path) -> None:
    """Assert that words, numbers, and what KenLM makes of a file are those of the plain form."""
    expected = read(written(tmp_path, PLAIN, "plain"))
    named = set(arpa.words(path)) - NOT_WORDS
    assert named == {"sun", "moon"}
    found = read(path)
    for one, other in zip(found.orders, expected.orders, strict=True):
        count = one.real
        assert np.array_equal(one.prob, other.prob[-count:])
        assert np.array_equal(
            np.nan_to_num(one.bow[:count]), np.nan_to_num(other.bow[other.real - count :])
        )
    kenlm.binarise(path, tmp_path / "bin", None, memory_mb=100)
    assert known_words(tmp_path / "bin") == known_words(path) == named
    text = written(tmp_path, "sun moon\nmoon\n", "text")
    kenlm.binarise(tmp_path / "plain", tmp_path / "plain.bin", None, memory_mb=100)
    assert kenlm.perplexity(path, text) == kenlm.perplexity(tmp_path / "plain.bin", text)


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_other_programs_are_read_alike(kenlm_programs, form, tmp_path):
    assert_read_alike(written(tmp_path, FORMS[form]), tmp_path)


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_files_are_known_by_content(kenlm_programs, packer, tmp_path):
    packed = PACKERS[packer](PLAIN.encode())
    assert_read_alike(written(tmp_path, packed, "packed"), tmp_path)
    assert_read_alike(written(tmp_path, packed, "packed.gz"), tmp_path)
    assert_read_alike(written(tmp_path, PLAIN, "not_packed.gz"), tmp_path)


def test_the_usual_form_is_left_alone():
    assert tidy(PLAIN.encode()) == PLAIN.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (PLAIN.replace("-0.2\tsun", "0.2\tsun"), "line 14 has a probability above 1"),
        (PLAIN.replace("-0.5\tsun", "0.5\tsun"), "line 9 has a probability above 1"),
        (PLAIN.replace("sun moon", "sun moon\t-1"), "line 14 has a back-off weight although"),
        (PLAIN.replace("-0.25", "-inf"), "line 9 has an infinite back-off"),
        (PLAIN.replace("-0.25", "nan"), "line 9 is no 1-gram"),
        (PLAIN.replace("\\end\\\n", ""), r"has no \\end\\"),
        (PLAIN.replace("-99\t<s>\t-0.3\n", "").replace("1=5", "1=4"), "last word|first 1 words"),
        (PLAIN.replace("<s>", "star").replace("</s>", "end"), "has no <s> and no </s>"),
        (PLAIN.replace("ngram 2=3", "ngram 3=3"), "line 3 counts 3-grams where those of order 2"),
        (PLAIN.replace("moon </s>", "moon\u00a0</s>"), "line 15 is no 2-gram"),
        (
            PLAIN.split("\\2-grams", maxsplit=1)[0].replace("ngram 2=3\n", "") + "\\end\\\n",
            "1-grams alone",
        ),
        (PLAIN.encode("utf-16"), "is UTF-16"),
        (b"PK\x03\x04 " + PLAIN.encode(), "is a zip archive"),
        ("iARPA\n" + PLAIN, "compile-lm"),
    ],
)
def test_what_kenlm_cannot_use_is_refused_by_line_and_reason(
    kenlm_programs, content, reason, tmp_path
):
    path = written(tmp_path, content)
    with pytest.raises(UserError, match=f"^{re.escape(str(path))} .*(?:{reason})") as error:
        kenlm.binarise(path, tmp_path / "bin", None, memory_mb=100)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "bin").exists()


def test_the_reason_of_kenlm_is_in_its_words(kenlm_programs, tmp_path):
    said = (
        "Reading x\n----5---10\n/build/lm/model.cc:100 in void f(int) [with X = Y] threw "
        "FormatLoadException.\nThis implementation assumes at least a bigram model. Byte: 19\nERROR"
    )
    assert reason_of(said) == "This implementation assumes at least a bigram model. Byte: 19"
    assert reason_of("/x.cc:1 in f() threw Y because `a < b'.\n") == "a < b holds"
    damaged = written(tmp_path, b"mmap lm http://kheafield.com/code" + bytes(60))
    with pytest.raises(UserError, match="lm cannot be read: ") as error:
        kenlm.perplexity(damaged, written(tmp_path, "sun\n", "text"))
    assert ".cc:" not in str(error.value)
