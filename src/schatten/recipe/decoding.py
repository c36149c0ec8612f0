"""The recipe's `decoding`: search algorithms and their beams."""

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
    """Search of a decoding graph, for language models with `decoder: wfst`.

    It scores a word sequence by its best CTC path. The prefix beam search sums over all paths.
    """

    first_pass: Name | None = None
    """Language model in the graph. The language model of the table's column then rescores the
    lattices. By default the column's model itself is in the graph, and nothing is rescored."""
    beam: PositiveFloat = 16.0
    """Beam of the search: paths that score worse than the best by more than this (natural log) are
    pruned."""
    max_active: Positive = 10000
    """Largest number of active states, if nothing is rescored."""
    lattice_beam: PositiveFloat = 8.0
    """Beam of the lattices: they keep paths that score worse than the best by at most this (natural
    log)."""


class Decoding(Settings):
    """Prefix beam search with a language model, over a lexicon or without one (open).

    A word sequence W scores log P(W | audio) + lm_weight * log P(W) + word_bonus * (number of
    words), in natural logs. The engine does the search over a lexicon. flashlight-text does the
    open search; there each frame that is a space gets the word bonus.
    """

    beam: Beam = 200
    """Beam width: number of hypotheses kept, at most 10,000."""
    beam_threshold: BeamThreshold = 25.0
    """Hypotheses that score worse than the best by more than this (natural log) are pruned. At
    most 300."""
    token_beam: Positive = 15
    """Number of units tried in each frame, the most likely first."""
    lm_weights: tuple[NotNegative, ...] = Field(default=(0.5, 0.8, 1.2, 1.6, 2.0), min_length=1)
    """Language model weights to try on dev."""
    word_bonuses: tuple[float, ...] = Field(default=(-1.0, 0.0, 1.0, 2.0), min_length=1)
    """Word bonuses to try on dev. A bonus is added for each word, in natural log."""
    wfst: GraphSettings = GraphSettings()
    """Search of decoding graphs, for language models with `decoder: wfst`."""
