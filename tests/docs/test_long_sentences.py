"""Sentences of the docs are short: one idea each, at most about 25 words."""

from pathlib import Path

import pytest
from long_sentences import LIMIT, long_in, pages, sentences
from project import ROOT

WORDS = " ".join(["word"] * LIMIT)


def test_the_pages_that_people_write_are_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in pages()}
    assert {"README.md", "docs/tutorial.md", "recipes/own/README.md"} <= names
    assert "docs/results/an4/default/README.md" in names
    assert "docs/results/an4/default/wer.md" not in names, "the workflow writes it"


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_of_the_docs_is_too_long(page: Path) -> None:
    found = [f"line {line}: {words} words: {text}" for line, words, text in long_in(page)]
    assert not found, "make two sentences of it:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        f"Short one. {WORDS} more.",
        f"- An item.\n- {WORDS}\n  on a second line.",
        f"| key | {WORDS} more |",
        f"**Bold.** {WORDS} [and a link](target.md).",
        f"As Kliegl et al. {WORDS} say.",
    ],
)
def test_a_long_sentence_is_found(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{text}\n")
    assert len(long_in(page)) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{WORDS}. Another one; {WORDS}: {WORDS}.",
        f"```\n{WORDS} {WORDS}\n```",
        f"    {WORDS} {WORDS}",
        f"Numbers [1.20, 2.03] and 12 % are no words: {WORDS} 12 [1, 2] 3 % 4.",
        f"`{WORDS} {WORDS}` is one word.",
    ],
)
def test_short_sentences_and_code_are_left(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{text}\n")
    assert long_in(page) == []


LONG = f"{WORDS} more"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("one.py", f'"""Short.\n\n{LONG}.\n"""\n', 3),
        ("one.py", f'def f():\n    """Return it.\n\n    {LONG}.\n    """\n', 4),
        ("one.py", f'class A:\n    field: int = 1\n    """{LONG}."""\n', 3),
        ("one.h", f"int a;\n/* Short. {LONG}. */\nint f(void);\n", 2),
        ("one.h", f"/* Short.\n *\n * {LONG[:60]}\n * {LONG[60:]}. */\n", 3),
        ("one.h", f"int a; // {LONG[:60]}\n       // {LONG[60:]}\n", 1),
    ],
)
def test_a_long_sentence_of_a_docstring_or_a_comment_is_found(tmp_path, name, text, line) -> None:
    (tmp_path / name).write_text(text)
    assert [number for number, _, _ in long_in(tmp_path / name)] == [line]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one.py", f'TEXT = "{LONG}"\n# {LONG}\nprint("""{LONG}""")\n'),
        ("one.h", f'/* Short. */\nconst char *text = "{LONG}";\n'),
        ("one.h", f"/* {WORDS}. */\nint a; /* {WORDS} */\n"),
    ],
)
def test_code_and_what_is_no_prose_are_left(tmp_path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert long_in(tmp_path / name) == []


def test_a_sentence_ends_at_its_stop_and_not_within_a_number() -> None:
    assert sentences("It takes 1.5 s. (It did.) So?") == ["It takes 1.5 s", "(It did", "So?"]
