"""The recipe's `commands`: what is heard is a command of a grammar, whose slots are scored."""

from pydantic import Field

from schatten.recipe.base import Settings


class CommandRecordings(Settings):
    """Real recordings that bundles are tested on, where the corpus folder is given.

    They are for tests: nothing is trained on them. Where something was chosen by some of them,
    `apart` shows the others alone.
    """

    table: str = "commands.tsv"
    """Tab-separated, in the corpus folder: utt_id, path (relative to the table), slots as JSON."""
    apart: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """A value of the table's column `split`: these recordings are shown on their own as well, as
    nothing was chosen by them."""
    texts: str | None = None
    """A table with the words of some of them: utt_id and text; they give a WER."""
    noise: str | None = None
    """A recording of noise in the corpus folder that is mixed in, in tests alone."""
    snr: tuple[float, ...] = ()
    """Levels of the speech above that noise, in dB: its loudest frames against the noise's."""


class Commands(Settings):
    """Command acceptance: every slot is right, and none is added."""

    recordings: CommandRecordings | None = None
    """Recordings of the corpus folder, if one is given (`corpus_dir=DIR`)."""
    published: str | None = None
    """A table in the recipe's folder with results of others, shown beside ours: tab-separated, with
    a header `system` and a column of a share, in percent, for each level of noise."""
    levels: tuple[float, ...] = Field(default=(10.0, 20.0))
    """Where synthetic test speech is divided by its level above its noise, in dB."""
