"""Sentences as characters, for n-grams of characters and their search."""

SPACE_TOKEN = "<space>"
"""Stands for the space after a word; no character has this name."""


def spell(sentence: str) -> str:
    """Return a sentence as tokens: `call jon` becomes `c a l l <space> j o n <space>`."""
    return " ".join(f"{' '.join(word)} {SPACE_TOKEN}" for word in sentence.split())
