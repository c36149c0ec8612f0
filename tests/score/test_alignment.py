from hypothesis import given, settings
from hypothesis import strategies as st
from scoring import utterance

from schatten.score.alignment import align
from schatten.score.listing import marked

sentences = st.lists(st.sampled_from(["a", "b", "ab", "ba", "c"]), max_size=9)


def edit_distance(first: str | list[str], second: str | list[str]) -> int:
    """Levenshtein's recursion, a row at a time."""
    row = list(range(len(second) + 1))
    for said in first:
        diagonal, row[0] = row[0], row[0] + 1
        for place, heard in enumerate(second, start=1):
            change = diagonal + (said != heard)
            diagonal, row[place] = row[place], min(change, row[place] + 1, row[place - 1] + 1)
    return row[-1]


@settings(deadline=None)
@given(sentences, sentences)
def test_errors_are_the_edit_distance(said: list[str], heard: list[str]) -> None:
    aligned = align(utterance(" ".join(said)), heard)
    assert aligned.errors == edit_distance(said, heard)
    assert aligned.char_errors == edit_distance(" ".join(said), " ".join(heard))
    kinds = aligned.substitutions + aligned.deletions + aligned.insertions
    assert kinds == aligned.errors
    assert aligned.insertions - aligned.deletions == len(heard) - len(said)


@settings(deadline=None)
@given(sentences, sentences)
def test_pairs_spell_both_sides(said: list[str], heard: list[str]) -> None:
    pairs = align(utterance(" ".join(said)), heard).pairs
    assert [pair[0] for pair in pairs if pair[0]] == said
    assert [pair[1] for pair in pairs if pair[1]] == heard
    assert ("", "") not in pairs


def test_marks_stand_in_place() -> None:
    aligned = align(utterance("call jon now at home"), ["call", "john", "at", "my", "home"])
    assert marked(aligned) == "call (jon->john) (now->*) at (*->my) home"
    assert (aligned.substitutions, aligned.deletions, aligned.insertions) == (1, 1, 1)


def test_spaces_are_characters() -> None:
    aligned = align(utterance("new york"), ["newyork"])
    assert (aligned.chars, aligned.char_errors, aligned.words, aligned.errors) == (8, 1, 2, 2)


def test_nothing_said_nothing_heard() -> None:
    aligned = align(utterance(""), [])
    assert (aligned.words, aligned.chars, aligned.errors, aligned.char_errors) == (0, 0, 0, 0)
    assert align(utterance(""), ["oh"]).insertions == 1
