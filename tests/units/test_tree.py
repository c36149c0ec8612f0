"""The tree of tied phones on made-up triphones whose ties are known."""

import itertools

import numpy as np
import pytest
from toy_triphones import AA, PHONES, B, K, N, S, triphones

from schatten.artifacts import PhoneTree
from schatten.errors import UserError
from schatten.units import BLANK
from schatten.units.arpabet import PHONES as ARPABET
from schatten.units.questions import questions
from schatten.units.tree import as_lines, asked_most, grow, table_of, unit_names
from schatten.units.triphones import triphones_of


def test_the_questions_that_made_the_data_split_first() -> None:
    tree = grow(triphones(), 7, 20)
    assert unit_names(tree) == ["AA.1", "AA.2", "B.1", "B.2", "K", "N", "S"]
    asked = {node.phone: (node.side, node.question) for node in tree.nodes if node.question}
    assert asked == {"AA": ("right", "K"), "B": ("left", "AA")}
    assert {(name, times) for name, times, _ in asked_most(tree)} == {
        ("left AA", 1),
        ("right K", 1),
    }
    gains = [gain for _, _, gain in asked_most(tree)]
    assert gains == sorted(gains, reverse=True) and gains[-1] > 0


def test_unseen_triphones_reach_the_leaf_of_their_questions() -> None:
    found = triphones()
    table = table_of(grow(found, 7, 20))
    said = set(map(tuple, found.triphones.tolist()))
    for left, right in itertools.product(range(6), repeat=2):
        assert table[left, B, right] == (3 if left == AA else 4)
        assert table[left, AA, right] == (1 if right == K else 2)
        assert [table[left, one, right] for one in (K, N, S)] == [5, 6, 7]
    assert (S, B, S) not in said and (N, B, 0) not in said, "these are unseen"
    assert not table[:, 0].any(), "the blank is no phone"


def test_each_leaf_has_its_tokens_and_no_token_is_lost() -> None:
    found = triphones()
    tree = grow(found, 25, 40)
    table = table_of(tree)
    units = table[tuple(found.triphones.T)]
    counts = np.bincount(units, weights=found.counts, minlength=len(unit_names(tree)) + 1)
    leaves = {node.unit: node.tokens for node in tree.nodes if node.unit is not None}
    assert [leaves[name] for name in unit_names(tree)] == counts[1:].tolist()
    assert sum(leaves.values()) == found.tokens == tree.tokens
    assert min(leaves.values()) >= 40


def test_a_split_gains_what_gaussians_of_its_parts_gain() -> None:
    """Against the likelihood of single tokens, each of its leaf's own Gaussian."""
    random = np.random.default_rng(1)
    said = np.column_stack((random.integers(1, 3, 400), np.ones(400, int), np.full(400, K)))
    features = random.normal(size=(400, 3)) + (said[:, :1] == 2) * [1.0, 0.0, 2.0]
    tree = grow(triphones_of((BLANK, "AA", "B", "K"), said, features, 0, 1), 4, 10)

    def likelihood(some: np.ndarray) -> float:
        mean, variance = some.mean(0), some.var(0)
        return float((-0.5 * (np.log(2 * np.pi * variance) + (some - mean) ** 2 / variance)).sum())

    parts = [features[said[:, 0] == left] for left in (1, 2)]
    gain = sum(map(likelihood, parts)) - likelihood(features)
    (split,) = [node for node in tree.nodes if node.question]
    assert split.gain == pytest.approx(gain, abs=0.01)


def test_leaves_and_minimum_are_kept() -> None:
    found = triphones()
    for leaves in (5, 6, 9):
        assert len(unit_names(grow(found, leaves, 1))) == leaves
    assert unit_names(grow(found, 100, 10_000)) == list(PHONES[1:]), "no split leaves enough"
    first = [node.question for node in grow(found, 9, 1).nodes if node.question]
    assert len(set(first)) > 1 and grow(found, 9, 1) == grow(found, 9, 1)
    with pytest.raises(UserError, match="leaves: 4 are too few for 5 phones: take more"):
        grow(found, 4, 1)


def test_a_phone_that_nobody_said_is_one_leaf() -> None:
    found = triphones_of(PHONES, np.array([[AA, B, K]] * 9), np.ones((9, 2)), 0, 1)
    tree = grow(found, 20, 1)
    assert unit_names(tree) == list(PHONES[1:])
    assert {node.unit: node.tokens for node in tree.nodes} == {
        **dict.fromkeys(PHONES[1:], 0),
        "B": 9,
    }


def test_the_tree_is_printed_with_every_question_and_leaf() -> None:
    tree = grow(triphones(), 7, 20)
    lines = as_lines(tree)
    assert lines[0].startswith("7 leaves of 5 phones; ")
    assert lines[0].endswith("spikes 70 ms after their phones")
    shown = "\n".join(lines)
    assert "  AA: right K?  (" in shown and "    AA.1  (" in shown and "  K  (" in shown
    assert "questions that split, the largest gain first:\n  " in shown


def test_a_tree_survives_its_file(tmp_path) -> None:
    tree = grow(triphones(), 12, 20)
    tree.write(tmp_path / "tree.json")
    again = PhoneTree.read(tmp_path / "tree.json")
    assert again == tree and (table_of(again) == table_of(tree)).all()


@pytest.mark.parametrize(
    "phones", [ARPABET, ("aɪ", "b", "m", "s", "ts", "ɑː", "ʃ", "ŋ"), ("1", "q")]
)
def test_questions_are_true_of_some_phones_and_of_no_others(phones: tuple[str, ...]) -> None:
    found = questions((BLANK, *phones))
    assert len(set(found.values())) == len(found)
    assert all(0 < len(those) <= len(phones) for those in found.values())
    assert found["#"] == {0}
    assert {name for name, those in found.items() if len(those) == 1} == {"#", *phones}


def test_classes_of_both_alphabets_hold_the_phones_that_they_should() -> None:
    english = questions((BLANK, *ARPABET))
    names = {name: {(BLANK, *ARPABET)[place] for place in those} for name, those in english.items()}
    assert names["nasal"] == {"M", "N", "NG"} and names["glide"] == {"W", "Y"}
    assert len(names["vowel"]) == 15
    ipa = ("aɪ", "b", "m", "s", "ts", "ɑː", "ʃ", "ŋ")
    german = {
        name: {(BLANK, *ipa)[p] for p in those} for name, those in questions((BLANK, *ipa)).items()
    }
    assert german["vowel"] == {"aɪ", "ɑː"} and german["nasal"] == {"m", "ŋ"}
    assert german["stop"] == {"b", "ts"}
