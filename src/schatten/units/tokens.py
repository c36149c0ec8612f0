"""Sentences as characters: what n-grams of characters are estimated on and decoded with."""

SPACE_TOKEN = "<space>"
"""Stands for the space after a word; no character is named like it."""


def spell(sentence: str) -> str:
    """Return a sentence as tokens: `call jon` becomes `c a l l <space> j o n <space>`."""
    return " ".join(f"{' '.join(word)} {SPACE_TOKEN}" for word in sentence.split())
