"""The recipe's `decoding`: the searches and their beams."""

from pydantic import Field

from schatten.recipe.base import (
    Beam,
    BeamThreshold,
    Name,
    NotNegative,
    Positive,
    PositiveFloat,
    Settings,
)


class GraphSettings(Settings):
    """Search of a decoding graph: language models with `decoder: wfst`.

    Unlike the beam search it adds up no CTC paths of a word sequence, but takes the best.
    """

    first_pass: Name | None = None
    """Language model in the graph, whose lattices the column's model rescores; by default the
    column's own is in the graph, and nothing is rescored."""
    beam: PositiveFloat = 16.0
    """Paths worse than the best by this (natural log) go."""
    max_active: Positive = 10000
    """States kept, where nothing is rescored."""
    lattice_beam: PositiveFloat = 8.0
    """Paths in a lattice are at most so much worse than the best (natural log)."""


class Decoding(Settings):
    """Prefix beam search with the language model, over its lexicon or open.

    A word sequence W scores log P(W | audio) + lm_weight * log P(W) + word_bonus * words of W,
    in natural logs; in the open search the bonus goes to each frame that is a space.
    """

    beam: Beam = 200
    """Hypotheses kept; 10,000 at most."""
    beam_threshold: BeamThreshold = 25.0
    """Hypotheses worse than the best by this (natural log) go; 300 at most."""
    token_beam: Positive = 15
    """Units tried in a frame, the likeliest."""
    lm_weights: tuple[NotNegative, ...] = Field(default=(0.5, 0.8, 1.2, 1.6, 2.0), min_length=1)
    """Tried on dev."""
    word_bonuses: tuple[float, ...] = Field(default=(-1.0, 0.0, 1.0, 2.0), min_length=1)
    """Tried on dev; added per word, natural log."""
    wfst: GraphSettings = GraphSettings()
    """The search of graphs instead: its beams."""
