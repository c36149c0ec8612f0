"""Pruning: by hand, by its formulas, as in SRILM 1.7.3, and properties of any pruned model."""

import math
from pathlib import Path

import pytest
from reference import contexts, increase, load, logprob, prune, total

from schatten.errors import UserError
from schatten.lm import arpa as arpa_format
from schatten.lm import kenlm
from schatten.lm.build import estimate_to
from schatten.lm.goals import goal, prune_to
from schatten.lm.prune import limits
from schatten.lm.reader import read
from schatten.recipe.language_models import LanguageModel, Prune
from schatten.runtime.files import read_json

DATA = Path(__file__).parent / "data"
GAPPED = DATA / "gapped.arpa"
"""A 4-gram model pruned by SRILM, which lacks the suffixes of some n-grams."""
HISTORY = DATA / "history.arpa"
"""A 3-gram model of the same text."""

BIGRAM = """
\\data\\
ngram 1=4
ngram 2=1

\\1-grams:
-99\t<s>
-0.30103\ta\t-0.243038
-0.5228787\tb
-0.69897\t</s>

\\2-grams:
-0.2218487\ta b

\\end\\
"""
"""P(a) = 0.5, P(b) = 0.3, P(</s>) = 0.2; P(b|a) = 0.6, so that bow(a) = 0.4 / 0.7."""


@pytest.fixture
def bigram(tmp_path):
    path = tmp_path / "bigram.arpa"
    path.write_text(BIGRAM)
    return path


def pruned(arpa, tmp_path, history=None, quantize_bits=None, **wish):
    output = tmp_path / "pruned.arpa"
    done = prune_to(arpa, output, Prune(**wish), history, quantize_bits)
    return load(output), done


def test_the_criterion_of_one_bigram_is_what_the_hand_finds(bigram, tmp_path):
    # Without "a b" the weight of a is 1. Of histories a (half of all), b falls from 0.6 to 0.3
    # and the other 0.4 of the mass rises by 7/4: D = 0.5 (0.6 ln 2 - 0.4 ln 1.75) = 0.09602.
    expected = math.expm1(0.5 * (0.6 * math.log(2) - 0.4 * math.log(1.75)))
    assert expected == pytest.approx(0.10078, abs=1e-5)
    found = limits(read(bigram)).ngrams[1][0]
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_bigram_goes_above_its_criterion_and_stays_below(bigram, tmp_path):
    assert ("a", "b") in pruned(bigram, tmp_path, threshold=0.1007)[0]
    model = pruned(bigram, tmp_path, threshold=0.1009)[0]
    assert ("a", "b") not in model
    assert model[("a",)] == [pytest.approx(-0.30103), None]


@pytest.mark.parametrize("history", [None, HISTORY])
def test_criteria_agree_with_the_book(history):
    model = load(GAPPED)
    other = None if history is None else read(history)
    linked = read(GAPPED)
    found = limits(linked, other)
    last = linked.orders[-1]
    names = [
        tuple(bytes(linked.text[a:b]).decode().split())
        for a, b in zip(last.words, last.end, strict=True)
    ]
    by_hand = [increase(model, name, model if other is None else load(history)) for name in names]
    assert len(names) > 50
    assert list(found.ngrams[-1]) == pytest.approx(by_hand, rel=2e-3, abs=1e-8)


@pytest.mark.parametrize("threshold", [1.7e-4, 6.1e-4, 2.3e-3, 1.1e-2])
@pytest.mark.parametrize("history", [None, HISTORY])
def test_what_stays_is_what_the_book_keeps(threshold, history, tmp_path):
    expected = prune(load(GAPPED), threshold, None if history is None else load(history))
    found, _ = pruned(GAPPED, tmp_path, history, threshold=threshold)
    assert set(found) == expected


@pytest.mark.parametrize("threshold", ["2e-4", "5e-4", "2e-3"])
def test_what_stays_is_what_srilm_keeps(threshold, tmp_path):
    expected = read_json(DATA / "srilm_kept.json")["own"][threshold]
    found, _ = pruned(GAPPED, tmp_path, threshold=float(threshold))
    assert sorted(" ".join(ngram) for ngram in found if len(ngram) > 1) == expected


@pytest.mark.parametrize("threshold", ["5e-4", "2e-3"])
def test_what_stays_with_a_history_model_is_what_srilm_keeps(threshold, tmp_path):
    expected = read_json(DATA / "srilm_kept.json")["history"][threshold]
    found, _ = pruned(GAPPED, tmp_path, HISTORY, threshold=float(threshold))
    assert sorted(" ".join(ngram) for ngram in found if len(ngram) > 1) == expected


@pytest.mark.parametrize("threshold", [1e-9, 2e-4, 2e-3, 2e-2])
def test_every_history_sums_to_one(threshold, tmp_path):
    model, _ = pruned(GAPPED, tmp_path, threshold=threshold)
    histories = [(), *contexts(model)]
    assert all(total(model, h) == pytest.approx(1, abs=1e-6) for h in histories)


def test_no_ngram_loses_the_context_it_hangs_on(tmp_path):
    model, _ = pruned(GAPPED, tmp_path, threshold=5e-4)
    assert all(ngram[:-1] in model for ngram in model if len(ngram) > 1)
    hung = {ngram[:-1] for ngram in model if len(ngram) > 1}
    assert set(contexts(model)) == hung


@pytest.mark.parametrize("count", [15, 16, 60, 200, 247])
def test_a_number_of_ngrams_is_met_as_closely_as_ties_allow(count, tmp_path):
    model, done = pruned(GAPPED, tmp_path, ngrams=count)
    assert count - 3 <= sum(done.after) == len(model) <= count
    if done.threshold is not None:
        again, _ = pruned(GAPPED, tmp_path, threshold=done.threshold)
        assert set(again) == set(model)


@pytest.mark.parametrize("wish", [{"ngrams": 4}, {"threshold": 1.0}])
def test_a_model_of_unigrams_is_left_as_it_is(wish, bigram, tmp_path):
    gone = tmp_path / "unigram.arpa"
    prune_to(bigram, gone, Prune(threshold=0.5), None, None)
    unigrams = gone.read_text().replace("ngram 2=0\n", "").replace("\\2-grams:\n\n", "")
    for name, content in (("none.arpa", gone.read_text()), ("one.arpa", unigrams)):
        (tmp_path / name).write_text(content)
        model, _ = pruned(tmp_path / name, tmp_path, history=gone, **wish)
        assert set(model) == {("<s>",), ("a",), ("b",), ("</s>",)}


@pytest.mark.parametrize("quantize_bits", [None, 6])
def test_megabytes_are_those_of_the_trie(quantize_bits, kenlm_programs, tmp_path):
    for megabytes in (0.0021, 0.0022, 0.0023):
        pruned(GAPPED, tmp_path, megabytes=megabytes, quantize_bits=quantize_bits)
        trie = tmp_path / "bin"
        kenlm.binarise(tmp_path / "pruned.arpa", trie, quantize_bits, memory_mb=100)
        assert megabytes * 1e6 - 60 < trie.stat().st_size <= megabytes * 1e6


def test_a_goal_below_the_unigrams_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"gapped.arpa cannot be pruned to 14 n-grams: its 15 1-"):
        pruned(GAPPED, tmp_path, ngrams=14)
    with pytest.raises(UserError, match=r"cannot be pruned to 0.0001 MB"):
        pruned(GAPPED, tmp_path, megabytes=0.0001)
    assert not (tmp_path / "pruned.arpa").exists()


@pytest.mark.parametrize("wish", [{}, {"ngrams": 5, "threshold": 0.1}, {"threshold": -1.0}])
def test_a_goal_is_exactly_one_and_positive(wish):
    with pytest.raises(UserError, match="pruning: "):
        goal(**wish)


def test_kenlm_scores_a_pruned_model_as_its_file_says(kenlm_programs, tmp_path):
    model, _ = pruned(GAPPED, tmp_path, threshold=5e-4)
    (tmp_path / "text").write_text("sun\n")
    measured = kenlm.perplexity(tmp_path / "pruned.arpa", tmp_path / "text").perplexity
    first = logprob(model, "sun", ("<s>",))
    end = logprob(model, "</s>", ("<s>", "sun"))
    assert measured == pytest.approx(10 ** (-(first + end) / 2), rel=1e-4)


def test_a_larger_goal_never_raises_the_perplexity(kenlm_programs, text, tmp_path):
    whole = tmp_path / "whole.arpa"
    estimate_to(LanguageModel(order=3, discount_fallback=True), text, whole, memory_mb=100)
    total_ngrams = sum(arpa_format.counts(whole))
    measured = []
    for share in (0.2, 0.5, 0.8, 1.0):
        pruned(whole, tmp_path, ngrams=int(share * total_ngrams))
        measured.append(kenlm.perplexity(tmp_path / "pruned.arpa", text).perplexity)
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > 1.2 * measured[-1]


def test_same_bytes_from_plain_and_compressed_files(tmp_path):
    from schatten.runtime.files import write_bytes

    write_bytes(tmp_path / "in.arpa.gz", GAPPED.read_bytes())
    for name in ("a.arpa.gz", "b.arpa.gz"):
        source = GAPPED if name == "a.arpa.gz" else tmp_path / "in.arpa.gz"
        prune_to(source, tmp_path / name, Prune(threshold=1e-3), None, None)
    assert (tmp_path / "a.arpa.gz").read_bytes() == (tmp_path / "b.arpa.gz").read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
