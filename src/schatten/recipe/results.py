"""The recipe's `tables`: what the tables and figures hold, and what a verdict needs."""

from schatten.recipe.base import Name, Positive, PositiveFloat, Settings, Share


class Tables(Settings):
    """What the tables and figures hold."""

    caption: str = ""
    """Text above the table."""
    baseline: Name = "dense"
    """The system that the others are compared with."""
    margin: PositiveFloat = 1.5
    """A row is "not worse" if its difference to the baseline is below this many points of WER, by
    the upper end of the interval."""
    relative_margin: Share = 0.05
    """The same margin as a share of the baseline's WER; speakers are resampled if they repeat."""
    tiers: dict[Name, Positive] = {}
    """Tiers: largest number of parameters by name. The model with the lowest error rate on dev
    represents a tier."""
    bundles: bool = False
    """Whether each model is bundled for a device: in int8, with the main language model of words. A
    table lists their megabytes."""
    compression: bool = False
    """Whether a table holds the sizes and costs of each model in int8 and int4; it is always there
    where models are pruned or trained with quantised passes."""
    language_models: tuple[Name, ...] = ()
    """Columns; comparisons use the first. All by default."""
    confidence: Share = 0.95
    """Confidence level of the intervals."""
    bootstrap_samples: Positive = 1000
    """Bootstrap samples for the intervals."""
