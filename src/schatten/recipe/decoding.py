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

    It scores a word sequence by its best CTC path. The beam search sums over all its paths.
    """

    first_pass: Name | None = None
    """Language model in the graph; the column's own model rescores its lattices. By default the
    column's own model is in the graph, and nothing is rescored."""
    beam: PositiveFloat = 16.0
    """Paths that are worse than the best by more than this (natural log) are pruned."""
    max_active: Positive = 10000
    """Largest number of active states, if nothing is rescored."""
    lattice_beam: PositiveFloat = 8.0
    """Lattices keep paths that are worse than the best by at most this (natural log)."""


class Decoding(Settings):
    """Prefix beam search with the language model, over its lexicon or open.

    A word sequence W scores log P(W | audio) + lm_weight * log P(W) + word_bonus * words of W, in
    natural logs. The engine searches a lexicon. In the open search, by flashlight-text, each frame
    that is a space gets the bonus.
    """

    beam: Beam = 200
    """Hypotheses kept; 10,000 at most."""
    beam_threshold: BeamThreshold = 25.0
    """Hypotheses worse than the best by more than this (natural log) are pruned; 300 at most."""
    token_beam: Positive = 15
    """Number of units tried in each frame, the likeliest first."""
    lm_weights: tuple[NotNegative, ...] = Field(default=(0.5, 0.8, 1.2, 1.6, 2.0), min_length=1)
    """Language model weights that are tried on dev."""
    word_bonuses: tuple[float, ...] = Field(default=(-1.0, 0.0, 1.0, 2.0), min_length=1)
    """Word bonuses that are tried on dev; added per word, natural log."""
    wfst: GraphSettings = GraphSettings()
    """Search of decoding graphs, for language models with `decoder: wfst`."""
