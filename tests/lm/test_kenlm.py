import gzip

import pytest

from schatten.errors import UserError
from schatten.lm import arpa, kenlm
from schatten.lm.build import build_to, estimate_to
from schatten.recipe.language_models import LanguageModel
from schatten.runtime.files import read_json
from schatten.units.spelled import SpelledUnits

ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
SMALL = LanguageModel(order=3, discount_fallback=True)


def build(text, output, dev=None, alphabet=ALPHABET, memory_mb=100):
    spelled = SpelledUnits.of_characters(alphabet)
    build_to(SMALL, spelled=spelled, text=text, output=output, dev=dev, memory_mb=memory_mb)


@pytest.fixture(scope="module")
def built(kenlm_programs, text, tmp_path_factory):
    output = tmp_path_factory.mktemp("lm")
    build(text, output, text)
    return output


def test_build_writes_the_four_files_and_nothing_else(built):
    assert sorted(p.name for p in built.iterdir()) == ["arpa.gz", "bin", "info.json", "lexicon"]


def test_info_counts_what_the_files_hold(built, sentences):
    info = read_json(built / "info.json")
    assert info["ngrams"] == arpa.counts(built / "arpa.gz")
    assert info["bytes"]["bin"] == (built / "bin").stat().st_size
    assert info["dev"]["tokens"] == sum(len(line.split()) + 1 for line in sentences)
    assert info["dev"]["oovs"] == 0


def test_lexicon_spells_every_word_of_the_text_once(built, sentences):
    lines = (built / "lexicon").read_text().splitlines()
    spelled = dict(line.split("\t") for line in lines)
    assert len(spelled) == len(lines)
    assert set(spelled) == {word for line in sentences for word in line.split()}
    assert spelled["bob's"] == "b o b ' s"


def test_lexicon_refuses_characters_that_no_model_emits(kenlm_programs, text, tmp_path):
    with pytest.raises(UserError, match=r"1 words outside .* such as bob's"):
        build(text, tmp_path, alphabet=ALPHABET.replace("'", ""))


def test_same_text_gives_same_bytes_whatever_the_memory(built, text, tmp_path):
    build(text, tmp_path, text, memory_mb=300)
    for name in ("arpa.gz", "bin", "lexicon", "info.json"):
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes(), name


def test_perplexity_agrees_between_arpa_and_binary(built, text):
    from_binary = kenlm.perplexity(built / "bin", text)
    from_arpa = kenlm.perplexity(built / "arpa.gz", text)
    assert from_binary.perplexity == pytest.approx(from_arpa.perplexity, rel=1e-5)
    assert 1 < from_binary.perplexity < 20


def test_perplexity_counts_the_last_sentence_without_a_line_end(built, tmp_path):
    ended, open_ended = tmp_path / "a", tmp_path / "b.gz"
    ended.write_text("anna calls bob\n")
    open_ended.write_bytes(gzip.compress(b"anna calls bob"))
    assert kenlm.perplexity(built / "bin", ended) == kenlm.perplexity(built / "bin", open_ended)


def test_a_byte_order_mark_is_no_part_of_the_first_word(kenlm_programs, text, built, tmp_path):
    for name, pack in (("text", bytes), ("text.gz", gzip.compress)):
        marked = tmp_path / name
        marked.write_bytes(pack("\ufeff".encode() + text.read_bytes()))
        estimate_to(SMALL, marked, tmp_path / "arpa.gz", 100)
        assert (tmp_path / "arpa.gz").read_bytes() == (built / "arpa.gz").read_bytes()
        assert kenlm.perplexity(built / "bin", marked).oovs == 0
    marked.write_bytes("go on".encode("utf-16"))
    with pytest.raises(UserError, match="UTF-16"):
        estimate_to(SMALL, marked.rename(tmp_path / "wide"), tmp_path / "arpa.gz", 100)


def test_unknown_words_are_counted(built, tmp_path):
    path = tmp_path / "text"
    path.write_text("anna calls zebedee\n")
    measured = kenlm.perplexity(built / "bin", path)
    assert measured.oovs == 1
    assert measured.perplexity_with_oovs > measured.perplexity


def test_vocabulary_limit_keeps_the_most_frequent_words(kenlm_programs, text, tmp_path):
    limited = SMALL.model_copy(update={"vocabulary": 5})
    estimate_to(limited, text, tmp_path / "arpa", memory_mb=100)
    kept = arpa.words(tmp_path / "arpa")
    assert set(kept) == {"<unk>", "<s>", "</s>", "the", "and", "anna", "carol", "bob"}


def test_count_cutoffs_reach_lmplz(kenlm_programs, text, tmp_path):
    estimate_to(SMALL, text, tmp_path / "all", memory_mb=100)
    fewer = SMALL.model_copy(update={"count_cutoffs": (0, 0, 2)})
    estimate_to(fewer, text, tmp_path / "cut", memory_mb=100)
    all_counts, cut_counts = arpa.counts(tmp_path / "all"), arpa.counts(tmp_path / "cut")
    assert cut_counts[:2] == all_counts[:2]
    assert cut_counts[2] < all_counts[2]


def test_quantized_trie_is_smaller_and_answers_alike(built, text, tmp_path):
    kenlm.binarise(built / "arpa.gz", tmp_path / "bin", quantize_bits=8, memory_mb=100)
    exact = kenlm.perplexity(built / "bin", text).perplexity
    assert kenlm.perplexity(tmp_path / "bin", text).perplexity == pytest.approx(exact, rel=0.01)


def test_text_too_regular_for_discounts_says_what_to_set(kenlm_programs, tmp_path):
    path = tmp_path / "text"
    path.write_text("a b c\n" * 4)
    with pytest.raises(UserError, match=r"text: .*discount_fallback: true"):
        estimate_to(LanguageModel(order=3), path, tmp_path / "arpa", memory_mb=100)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text"]


def test_missing_programs_are_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SCHATTEN_KENLM", str(tmp_path))
    for name, command in (("Makefile", "make setup"), (".schatten.json", "schatten init --update")):
        (tmp_path / name).touch()
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UserError, match=rf"lmplz is not in .*{command}.*SCHATTEN_KENLM"):
            kenlm.program("lmplz")


def test_missing_text_is_one_clear_error(kenlm_programs, tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        estimate_to(SMALL, tmp_path / "none.txt", tmp_path / "arpa", memory_mb=100)


@pytest.mark.parametrize("cutoffs", [(), (1, 0), (-1,), (0, 0, 0, 1)])
def test_wrong_count_cutoffs_are_refused(cutoffs):
    with pytest.raises(ValueError, match="count_cutoffs"):
        LanguageModel(order=3, count_cutoffs=cutoffs)
