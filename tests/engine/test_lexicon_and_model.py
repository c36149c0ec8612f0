"""Lexicons and language models that belong together, those that do not, and the limits of both."""

import bz2
import gzip
import lzma
import re
import subprocess

import pytest

ALIKE = 2000
"""Words of one spelling that the engine takes; schatten.h names it."""


@pytest.fixture(scope="module")
def model(engine, made):
    return engine.open(made("lstm")[1])


def decoded(model, lm, sound):
    stream = model.stream(lm=lm, lm_weight=0.6, word_bonus=2.0)
    stream.whole(sound)
    return stream.text, stream.score


def of_other_words(arpa):
    """The model with a capital before every word, which no word of the lexicon has."""
    return re.sub(r"(?m)(?<=[\t ])(?![<\-0-9])(?=\S)", "X", arpa)


def test_a_pair_without_a_common_word_is_refused(model, files, tmp_path):
    """Every word would be unknown to the language model, which would then say nothing."""
    arpa, lexicon = files
    other = tmp_path / "other.arpa"
    other.write_text(of_other_words(arpa.read_text()))
    with pytest.raises(ValueError, match="do not belong together: the language model has no word"):
        model.language_model(other, lexicon)
    with pytest.raises(ValueError, match=r"other\.arpa and .* do not belong together"):
        model.language_model(arpa, lexicon, other)


def test_a_pair_with_few_common_words_is_warned_of(build, made, files, sound, tmp_path):
    arpa, lexicon = files
    few = tmp_path / "few"
    word = lexicon.read_text().split("\t", maxsplit=1)[0]
    few.write_text(f"{word}\ta\nnone\ta\nnothing\tb\n")
    program = build("shared") / "engine/schatten-recognize"
    for given, warned in ((few, True), (lexicon, False)):
        command = [program, "--lm", arpa, "--lexicon", given, made("lstm")[1]]
        done = subprocess.run(
            list(map(str, command)), check=True, input=sound.tobytes(), capture_output=True
        )
        assert (b"knows 1 of the 3 words of" in done.stderr) == warned


def test_a_line_counts_once_and_a_byte_order_mark_is_no_letter(model, files, sound, tmp_path):
    arpa, lexicon = files
    expected = decoded(model, model.language_model(arpa, lexicon), sound)
    lines = lexicon.read_text().splitlines(keepends=True)
    for text in ("".join([*lines, *lines[::-1]]), "\ufeff" + "".join(lines)):
        changed = tmp_path / "changed"
        changed.write_text(text)
        assert decoded(model, model.language_model(arpa, changed), sound) == expected


def test_words_of_one_spelling_are_limited(model, files, tmp_path):
    arpa, lexicon = files
    lines = lexicon.read_text().splitlines(keepends=True)
    alike = tmp_path / "alike"
    alike.write_text(
        "".join([*lines[:1], *(f"w{number}\tab\n" for number in range(ALIKE))]).replace("ab", "a b")
    )
    model.language_model(arpa, alike)
    with alike.open("a") as file:
        file.write("more\ta b\n")
    with pytest.raises(ValueError, match=rf"spells {ALIKE + 1} words like `.*keep the {ALIKE}"):
        model.language_model(arpa, alike)


@pytest.mark.parametrize("packer", [gzip, bz2, lzma])
def test_a_packed_language_model_is_named(model, files, packer, tmp_path):
    arpa, lexicon = files
    packed = tmp_path / "lm"
    packed.write_bytes(packer.compress(arpa.read_bytes()))
    with pytest.raises(ValueError, match="lm is compressed: unpack it"):
        model.language_model(packed, lexicon)


def test_the_reason_of_kenlm_is_passed_on(model, files, tmp_path):
    arpa, lexicon = files
    alone = tmp_path / "alone.arpa"
    alone.write_text(arpa.read_text().split("\\2-grams")[0].replace("ngram 2", "# 2") + "\\end\\\n")
    with pytest.raises(ValueError, match="can be read \\(") as error:
        model.language_model(alone, lexicon)
    assert ".cc:" not in str(error.value)
    damaged = tmp_path / "damaged.arpa"
    damaged.write_text(arpa.read_text().replace("-1.5\t</s>", "1.5\t</s>"))
    with pytest.raises(ValueError, match="Positive log probability"):
        model.language_model(damaged, lexicon)
