"""The grammar: its syntax, its messages, and how much language the packaged ones hold."""

import re
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from schatten.corpus.voicesearch import grammar
from schatten.errors import UserError


def written(folder: Path, text: str) -> grammar.Grammar:
    (folder / "mine").mkdir()
    (folder / "mine" / "rules.grammar").write_text(text)
    return grammar.load("mine", folder)


def draws(rules: grammar.Grammar, count: int) -> Counter[str]:
    random = Random(1)
    return Counter(rules.sentence(random) for _ in range(count))


def test_weights_options_and_rules(tmp_path: Path) -> None:
    rules = written(
        tmp_path,
        "# a comment\nquery =\n    3* call <name> | stop [the <thing>] # another\n"
        "name = anna\nthing = music\n",
    )
    counts = draws(rules, 4000)
    assert set(counts) == {"call anna", "stop", "stop the music"}
    assert counts["call anna"] == pytest.approx(3000, abs=120)
    assert counts["stop"] == pytest.approx(counts["stop the music"], abs=100)


def test_the_first_of_a_long_list_are_drawn_more_often(tmp_path: Path) -> None:
    names = " | ".join(chr(97 + i) + "x" for i in range(26))
    counts = draws(written(tmp_path, f"query ~ {names}\n"), 20000)
    assert counts["ax"] / counts["kx"] == pytest.approx(2.0, rel=0.2)


def test_articles_agree(tmp_path: Path) -> None:
    rules = written(tmp_path, "query = buy a <thing>\nthing = apple | pear | university | one\n")
    assert set(draws(rules, 200)) == {
        "buy an apple",
        "buy a pear",
        "buy a university",
        "buy a one",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query = call <nobody>\n", r"rules.grammar:1: there is no rule <nobody>"),
        ("greeting = hello\n", r"there is no rule <query>"),
        ("query = a\nquery = b\n", r"rules.grammar:2: the rule query is written twice"),
        ("query = Call 911\n", r"'Call 911' has characters other than a-z"),
        ("query: hello\n", r"rules.grammar:1: not a rule"),
    ],
)
def test_bad_grammars_are_refused_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        written(tmp_path, text)


def test_voice_search_has_thousands_of_words_and_many_queries() -> None:
    counts = draws(grammar.load("voice_search"), 40000)
    assert all(re.fullmatch(r"[a-z']+( [a-z']+)*", sentence) for sentence in counts)
    assert len({word for sentence in counts for word in sentence.split()}) > 4000
    assert len(counts) > 25000
    assert counts.most_common(1)[0][1] < 400


def test_commands_have_a_few_dozen_words() -> None:
    counts = draws(grammar.load("commands"), 5000)
    assert 20 < len({word for sentence in counts for word in sentence.split()}) < 60
    assert len(counts) > 1000


def test_a_grammar_of_ones_own_has_the_letters_of_the_alphabet_and_no_articles(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.grammar"
    path.write_text("query = a <ding> | öffne die <ding>\nding = uhr | tür\n", "utf-8")
    rules = grammar.load_own(path, "abcdefghijklmnopqrstuvwxyzäöüß")
    assert set(draws(rules, 200)) == {"a uhr", "a tür", "öffne die uhr", "öffne die tür"}
    message = r"mine.grammar:2: 'tür' has characters other than those of the recipe's text.alphabet"
    with pytest.raises(UserError, match=message):
        grammar.load_own(path, "abcdefghijklmnopqrstuvwxyzö")
    path.write_text("frage = cab\n")
    with pytest.raises(UserError, match=r"mine.grammar: there is no rule <query>"):
        grammar.load_own(path, "abc")


def test_letters_with_combining_marks_are_composed(tmp_path: Path) -> None:
    path = tmp_path / "mine.grammar"
    path.write_text(unicodedata.normalize("NFD", "query = tür\n"), "utf-8")
    assert set(draws(grammar.load_own(path, "rtü"), 5)) == {"tür"}
