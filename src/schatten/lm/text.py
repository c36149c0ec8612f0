"""Words and spellings: from plain text to the language model and the decoder."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import read_lines, write_text
from schatten.units.spelled import SpelledUnits
from schatten.units.tokens import as_tokens

NOT_WORDS = frozenset({"<s>", "</s>", "<unk>", "<UNK>"})
"""Marks of language models; KenLM knows the unknown word in both cases."""


def most_frequent_words(text: Path, limit: int) -> list[str]:
    """Return the `limit` most frequent words of a text, equally frequent ones by spelling."""
    counts = Counter(word for line in read_lines(text) for word in line.split())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, _ in ranked[:limit]]


def words_of(text: Path) -> set[str]:
    """Return the words of a text."""
    return {word for line in read_lines(text) for word in line.split()}


def write_spelled(text: Path, output: Path) -> None:
    """Write a text (`.gz` too) as characters, for their n-grams; each sentence stays a line."""
    write_text(output, "".join(f"{as_tokens(line)}\n" for line in read_lines(text)))


def lexicon(words: Iterable[str], spelled: SpelledUnits, source: Path) -> str:
    """Spell words in units, `word TAB UNIT UNIT ...` a line, sorted by word, main spelling first.

    Errors: `UserError` for words that have no spelling, which no acoustic model emits.
    """
    known = sorted(set(words) - NOT_WORDS)
    missing = [word for word in known if not spelled.can_spell(word)]
    if missing and spelled.spellings is None:
        raise UserError(
            f"{source} has {len(missing)} words outside the recipe's text.alphabet, such as "
            f"{', '.join(missing[:5])}: normalise the text, or add the characters"
        )
    if missing:
        raise UserError(
            f"{source} has {len(missing)} words that {spelled.source} does not spell, such as "
            f"{', '.join(missing[:5])}: make the units again with the model's text "
            "(`schatten units --text`)"
        )
    names = spelled.spelled_in.names
    return "".join(
        f"{word}\t{' '.join(names[label] for label in labels)}\n"
        for word in known
        for labels in spelled.spelled(word)
    )
