"""The recipe's `tables`: contents of tables and figures, and margins for comparisons."""

from pydantic import Field

from schatten.recipe.base import Name, Positive, PositiveFloat, Settings, Share


class Tables(Settings):
    """Contents of the tables and figures."""

    caption: str = ""
    """Text above the table."""
    baseline: Name = "dense"
    """The system with which the others are compared."""
    margin: PositiveFloat = 1.5
    """Margin in points of WER. A row is "not worse" if the upper end of the interval of its
    difference to the baseline is below this."""
    relative_margin: Share = 0.05
    """The same margin as a share of the baseline's WER. Speakers are resampled for its interval if
    they have several utterances."""
    tiers: dict[Name, Positive] = {}
    """Tiers by name, each with its largest number of parameters. The model with the lowest error
    rate on dev represents a tier."""
    bundles: bool = False
    """Whether to make a bundle for devices from each model: in int8, with the main language model
    of words. A table lists their sizes in megabytes."""
    compression: bool = False
    """Whether a table holds the sizes and costs of each model in int8 and int4. It is always there
    where models are pruned or trained with quantised passes."""
    stages: bool = False
    """Whether a table has WER after CTC, after `sequence` and after `adapt` side by side, each with
    its control. It needs a system with a step `sequence`."""
    conditions: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """What a table of its own has error rates by: columns of the tables in `corpus.details`, or
    what the corpus step wrote of synthetic speech, as `noise.snr`, `noise.kind`, `room` and
    `voice`. Of numbers with many values the table has four parts, with as many utterances each."""
    language_models: tuple[Name, ...] = ()
    """Language models that are columns; all by default. Comparisons use the first one."""
    confidence: Share = 0.95
    """Confidence level of the intervals."""
    bootstrap_samples: Positive = 1000
    """Number of bootstrap samples for the intervals."""
