"""Byte-pair pieces: against merging by hand, and what a training text cannot give."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schatten.errors import UserError
from schatten.units import pieces
from schatten.units.inventory import WORD_START
from schatten.units.pieces import learn, split

TRAINING = Counter({"low": 5, "lower": 2, "newest": 6, "widest": 3})


def test_the_most_frequent_pairs_become_pieces_in_order() -> None:
    merges = learn(TRAINING, 4)
    assert merges == [("e", "s"), ("es", "t"), ("o", "w"), (f"{WORD_START}l", "ow")]
    order = {pair: number for number, pair in enumerate(merges)}
    assert split("lowest", order) == [f"{WORD_START}low", "est"]
    assert split("slow", order) == [f"{WORD_START}s", "l", "ow"]


def test_characters_come_first_and_words_have_one_spelling() -> None:
    names, spelled = pieces.spell({"lowest", "new"}, TRAINING, 23)
    letters = sorted(set("lowernwidest"))
    assert names[:20] == [WORD_START + c for c in letters] + letters
    assert names[20:] == ["es", "est", "ow"]
    assert {w: [s.units for s in found] for w, found in spelled.items()} == {
        "lowest": [(f"{WORD_START}l", "ow", "est")],
        "new": [(f"{WORD_START}n", "e", "w")],
    }


def learn_slowly(training: dict[str, int], count: int) -> list[pieces.Pair]:
    """Count all pairs again after every merge."""
    words = {word: [WORD_START + word[0], *word[1:]] for word in training}
    merges: list[pieces.Pair] = []
    while len(merges) < count:
        counts: Counter[pieces.Pair] = Counter()
        for word, parts in words.items():
            for pair in pairwise(parts):
                counts[pair] += training[word]
        made = {"".join(pair) for pair in merges}
        best = [(-n, p) for p, n in counts.items() if n > 1 and "".join(p) not in made]
        if not best:
            break
        merges.append(min(best)[1])
        words = {word: pieces._merge(parts, merges[-1]) for word, parts in words.items()}
    return merges


@given(st.dictionaries(st.text("ab", min_size=1, max_size=8), st.integers(1, 5)), st.integers(0, 9))
def test_counts_that_are_kept_are_counts_made_anew(training: dict[str, int], count: int) -> None:
    merges = learn(training, count)
    assert merges == learn_slowly(training, count)
    order = {pair: number for number, pair in enumerate(merges)}
    for word in training:
        assert "".join(split(word, order)) == WORD_START + word
    joined = ["".join(pair) for pair in merges]
    assert len(set(joined)) == len(joined)


@pytest.mark.parametrize(
    ("words", "count", "message"),
    [
        (["lows"], 19, r"give 20 to \d\d pieces, not 19: change the units' `count`"),
        (["lows"], 999, r"give 20 to \d\d pieces, not 999"),
    ],
)
def test_what_the_training_text_cannot_give_is_refused(
    words: list[str], count: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        pieces.spell(words, TRAINING, count)


def test_a_letter_that_training_lacks_is_a_piece() -> None:
    names, spelled = pieces.spell(["zoo"], TRAINING, 24)
    assert {"z", f"{WORD_START}z"} <= set(names)
    assert spelled["zoo"][0].units[0] == f"{WORD_START}z"


def test_the_mark_of_a_words_start_is_refused_as_a_letter() -> None:
    with pytest.raises(UserError, match=f"'{WORD_START}', which marks the start"):
        pieces.spell(["a"], {f"{WORD_START}a": 1}, 4)
