"""The recipe's `commands`: test speech consists of commands of a grammar; slots are scored."""

from pydantic import Field

from schatten.recipe.base import Settings


class CommandRecordings(Settings):
    """Real recordings on which bundles are tested if the corpus folder is given.

    Nothing is trained on them. If some of them were used to choose something, name the others with
    `apart`.
    """

    table: str = "commands.tsv"
    """Tab-separated, in the corpus folder: utt_id, path (relative to the table), slots as JSON."""
    apart: str | None = Field(default=None, exclude_if=lambda value: value is None)
    """A value of the table's column `split`. Results on these recordings are also shown
    separately, because they were not used for any choice."""
    texts: str | None = None
    """A table with the words of some recordings, utt_id and text, for a WER."""
    noise: str | None = None
    """A recording of noise in the corpus folder that is added to the speech, only in tests."""
    snr: tuple[float, ...] = ()
    """Signal-to-noise ratios in dB: the level of the loudest speech frames above that of the
    noise's."""


class Commands(Settings):
    """Command acceptance: a command is accepted if every slot is right and none is added."""

    recordings: CommandRecordings | None = None
    """Recordings in the corpus folder, if one is given (`corpus_dir=DIR`)."""
    published: str | None = None
    """A table in the recipe's folder with published results, which are shown beside ours. It is
    tab-separated, with a header: the column `system`, and a column for each level of noise with
    the share of accepted commands in percent."""
    levels: tuple[float, ...] = Field(default=(10.0, 20.0))
    """Signal-to-noise ratios in dB at which synthetic test speech is divided into groups."""
