import itertools
import math
from pathlib import Path

import kaldifst
import numpy as np
import pytest

from schatten.errors import UserError
from schatten.fst import Fst, to_mutable
from schatten.lm.acceptor import acceptor

TRIGRAM = """\\data\\
ngram 1=5
ngram 2=5
ngram 3=2

\\1-grams:
-99\t<s>\t-0.3
-0.9\t</s>
-9\t<unk>
-0.5\ta\t-0.2
-0.7\tb\t-0.1

\\2-grams:
-0.3\t<s> a\t-0.4
-0.2\ta b\t-0.15
-0.6\tb a
-0.8\tb b
-0.25\ta </s>

\\3-grams:
-0.1\t<s> a b
-1.4\ta b a

\\end\\
"""
LOG10 = {
    (): {"</s>": -0.9, "a": -0.5, "b": -0.7},
    ("<s>",): {"a": -0.3},
    ("a",): {"b": -0.2, "</s>": -0.25},
    ("b",): {"a": -0.6, "b": -0.8},
    ("<s>", "a"): {"b": -0.1},
    ("a", "b"): {"a": -1.4},
}
BACK_OFF = {("<s>",): -0.3, ("a",): -0.2, ("b",): -0.1, ("<s>", "a"): -0.4, ("a", "b"): -0.15}
LABELS = {"a": 1, "b": 2}
BACKING = 3


def grammar(tmp_path: Path, text: str = TRIGRAM) -> Fst:
    path = tmp_path / "toy.arpa"
    path.write_text(text)
    return acceptor(path, LABELS, BACKING)


def model_score(words: tuple[str, ...], cheapest: bool) -> float:
    """Natural log probability; `cheapest`: of the better of the n-gram and backing off."""

    def score(history: tuple[str, ...], word: str) -> float:
        own = LOG10.get(history, {}).get(word)
        if not history:
            return own if own is not None else -math.inf
        backed_off = BACK_OFF.get(history, 0.0) + score(history[1:], word)
        if own is None:
            return backed_off
        return max(own, backed_off) if cheapest else own

    history, total = ("<s>",), 0.0
    for word in (*words, "</s>"):
        total += score(history, word)
        history = (*history, word)[-2:]
    return total * math.log(10.0)


def graph_score(fst: Fst, words: tuple[str, ...]) -> float:
    said = kaldifst.make_linear_acceptor([LABELS[word] for word in words])
    backing = kaldifst.StdVectorFst(said)
    for state in range(len(words) + 1):
        arc = kaldifst.StdArc(BACKING, BACKING, 0.0, state)
        backing.add_arc(state, arc)
    found = to_mutable(fst)
    kaldifst.arcsort(found, "ilabel")
    best = kaldifst.shortest_path(kaldifst.compose(backing, found))
    return -kaldifst.get_linear_symbol_sequence(best)[3].value


@pytest.mark.parametrize("length", range(5))
def test_every_sentence_scores_as_the_model_says(length: int, tmp_path: Path) -> None:
    fst = grammar(tmp_path)
    for words in itertools.product("ab", repeat=length):
        assert graph_score(fst, words) == pytest.approx(model_score(words, True), abs=1e-5)


def test_backing_off_may_be_cheaper_than_an_n_gram(tmp_path: Path) -> None:
    words = ("b", "a", "b", "a")  # P(a | a b) is below its back-off
    fst = grammar(tmp_path)
    assert graph_score(fst, words) > model_score(words, False) + 0.1
    assert graph_score(fst, ("a", "b")) == pytest.approx(model_score(("a", "b"), False), abs=1e-5)


def test_one_state_a_history_and_words_without_label_are_left_out(tmp_path: Path) -> None:
    fst = grammar(tmp_path)
    assert fst.states == 1 + len(BACK_OFF)
    assert fst.arcs == 8 + len(BACK_OFF)  # n-grams but those of sentence marks and <unk>
    path = tmp_path / "toy.arpa"
    without = acceptor(path, {"a": 1}, BACKING)
    assert set(np.unique(without.olabel)) == {0, 1}
    assert without.states == fst.states


def test_models_that_cannot_decode_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no </s>"):
        grammar(tmp_path, TRIGRAM.replace("</s>", "<e>"))
    with pytest.raises(UserError, match="line 14 is no 2-gram"):
        grammar(tmp_path, TRIGRAM.replace("-0.3\t<s> a", "-0.3\t<s>"))
