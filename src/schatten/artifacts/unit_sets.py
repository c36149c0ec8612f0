"""Sets of units that are not characters: `inventory.json`, and the tree of tied phones."""

from typing import Literal

from schatten.artifacts.base import Artifact


class Inventory(Artifact):
    """A set of units; `inventory.json` in its folder, beside the spellings of words."""

    name: str
    """Its name in the recipe."""
    kind: str
    """The kind of units: `phones`, `pieces`, `tied` or `grams`."""
    names: list[str]
    """The blank first; the index of a name is that of the model's output."""
    separator: str | None
    """Name of the unit between words; None if words follow each other directly."""
    language: str | None
    """Language of phones, as espeak-ng calls it; None for other units."""
    words: str
    """File of the spellings of words, in the same folder."""
    words_sha256: str
    """Its checksum: models are trained again when a pronunciation is mended."""
    word_count: int
    """Words in that file."""
    origins: dict[str, int]
    """Spellings by where they come from: `lexicon`, `cmudict`, `espeak`, `pieces`, `letters`."""
    tree_sha256: str | None = None
    """Checksum of the tree of tied phones, `tree.json` in the same folder."""


class TreeNode(Artifact):
    """A node of the tree of tied phones: a question, or a leaf."""

    phone: str
    """The phone whose contexts it parts."""
    tokens: int
    """Tokens of the training speech in it."""
    unit: str | None = None
    """Name of the unit that a leaf is."""
    side: Literal["left", "right"] | None = None
    """The neighbour that the question is about."""
    question: str | None = None
    """A class of phones, one of the tree's `questions`."""
    gain: float | None = None
    """Gain of log-likelihood of the split, natural log."""
    yes: int | None = None
    """Number of the node of neighbours in that class."""
    no: int | None = None
    """Number of the node of all others."""


class PhoneTree(Artifact):
    """The trees of tied phones; `tree.json` beside `inventory.json`."""

    phones: list[str]
    """Names of the phone set. The first, the blank, stands for the edge of an utterance."""
    questions: dict[str, list[str]]
    """Classes of phones by name."""
    nodes: list[TreeNode]
    """The root of each phone, in their order, then all other nodes."""
    tokens: int
    """Tokens of the training speech."""
    triphones: int
    """Triphones among them."""
    delay: int
    """Frames of 10 ms by which the aligner's spikes come after their phones."""
