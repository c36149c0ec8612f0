"""The recipe's `tables`: what the tables and figures hold, and what a verdict needs."""

from schatten.recipe.base import Name, Positive, PositiveFloat, Settings, Share


class Tables(Settings):
    """What the tables and figures hold."""

    caption: str = ""
    """Stands above the table."""
    baseline: Name = "dense"
    """The system that the others are compared with."""
    margin: PositiveFloat = 1.5
    """A row is "not worse" when the upper end of the 95 % interval of its difference to the
    baseline is below this many points of WER."""
    relative_margin: Share = 0.05
    """The same by a share of the baseline's WER; drawn by speaker where speakers repeat."""
    tiers: dict[Name, Positive] = {}
    """Tiers by name: parameters at most; the model of the lowest CER on dev stands for each."""
    bundles: bool = False
    """Whether each model goes into a bundle for a device: int8, with the main language model of
    words; a table says their megabytes."""
    language_models: tuple[Name, ...] = ()
    """Columns; the first is the one compared with. All by default."""
    confidence: Share = 0.95
    """Of the intervals."""
    bootstrap_samples: Positive = 1000
    """Resamplings for the intervals."""
